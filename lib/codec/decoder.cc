#include "codec/decoder.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "codec/foreign_format.h"
#include "codec/jpeg_decoder.h"
#include "codec/npy_decoder.h"
#include "codec/orientation.h"
#include "codec/png_decoder.h"
#include "codec/raw_decoder.h"
#include "codec/webp_decoder.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;

bool StartsWith(base::ByteView bytes, std::string_view magic) {
  return base::AsText(bytes).starts_with(magic);
}

// What the bytes look like and, when they were described, why that does not help. A description
// that does not fit is the frame's fault, an unknown format is not.
std::unexpected<base::Error> RefuseUnknown(const Encoded& input) {
  std::string message = DescribeForeign(input.bytes);
  ErrorCode code = ErrorCode::kUnsupportedFormat;
  if (input.raw) {
    message += "; " + DescribeRawMismatch(*input.raw, input.bytes.size());
    if (!LooksForeign(input.bytes)) code = ErrorCode::kInvalidFrame;
  } else if (!input.unknown_raw.empty() && !LooksForeign(input.bytes)) {
    message += "; " + frame::NoRawFormat(input.unknown_raw);
  }
  return base::Fail(code, message + "; supported: " + std::string(SupportedFormats()));
}

// A picture that nobody would look at must not go unseen.
void WarnOfFurtherPicture(base::ByteView bytes, Decoded& decoded) {
  if (decoded.end == 0) return;
  const base::ByteView behind = bytes.subspan(decoded.end);
  std::size_t begin = 0;
  while (begin < behind.size() && behind[begin] == 0) ++begin;
  if (Sniff(behind.subspan(begin)) == Format::kUnknown) return;
  decoded.warnings.push_back(
      {std::string(kFurtherPicture), std::to_string(behind.size()) +
                                         " bytes follow the picture and begin with another one; "
                                         "only the first one was looked at"});
}

base::Result<Decoded> DecodeAs(Format format, const DecodeRequest& request,
                               const std::optional<frame::RawDescription>& raw) {
  switch (format) {
    case Format::kJpeg:
      return DecodeJpeg(request);
    case Format::kPng:
      return DecodePng(request);
    case Format::kWebp:
      return DecodeWebp(request);
    case Format::kNpy:
      return DecodeNpy(request);
    case Format::kRaw:
    case Format::kUnknown:
      break;
  }
  return DecodeRaw(request, *raw);
}

}  // namespace

Format Sniff(base::ByteView encoded) {
  if (StartsWith(encoded, "\xff\xd8\xff")) return Format::kJpeg;
  if (StartsWith(encoded, "\x89PNG\r\n\x1a\n")) return Format::kPng;
  if (StartsWith(encoded, "RIFF") && encoded.size() >= 12 &&
      StartsWith(encoded.subspan(8), "WEBP")) {
    return Format::kWebp;
  }
  if (StartsWith(encoded, "\x93NUMPY")) return Format::kNpy;
  return Format::kUnknown;
}

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kJpeg:
      return "jpeg";
    case Format::kPng:
      return "png";
    case Format::kWebp:
      return "webp";
    case Format::kNpy:
      return "npy";
    case Format::kRaw:
      return "raw";
    case Format::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view SupportedFormats() {
  return "JPEG, PNG, WebP, NumPy arrays (.npy), and raw pixels described by width, height and "
         "format (bgr24 rgb24 gray8 gray16le nv12 yuyv f32)";
}

std::uint8_t* Scratch::Take(std::size_t bytes) {
  if (pixels_.size() < bytes) {
    // The old pixels are worth nothing: without this, growing would copy them.
    pixels_ = base::ByteBuffer();
    pixels_.resize(bytes);
  }
  return pixels_.data();
}

std::uint8_t* Scratch::TakeBeside(std::size_t bytes) {
  std::swap(pixels_, spare_);
  return Take(bytes);
}

void Scratch::Trim() {
  if (pixels_.size() + spare_.size() > kKeepBytes) spare_ = base::ByteBuffer();
  if (pixels_.size() > kKeepBytes) pixels_ = base::ByteBuffer();
}

base::Result<Decoded> Decode(const Encoded& encoded, Wanted wanted, const Options& options,
                             const base::Allowance& allowance, resources::MemoryBudget& budget,
                             Scratch& scratch, std::chrono::milliseconds budget_patience) {
  const base::ByteView bytes = encoded.bytes;
  if (bytes.empty()) {
    return base::Fail(base::ErrorCode::kInvalidFrame, "the frame is empty; it must be a picture (" +
                                                          std::string(SupportedFormats()) + ")");
  }
  const bool certain = encoded.raw && encoded.raw->certain;
  Format format = certain ? Format::kUnknown : Sniff(bytes);
  if (format == Format::kUnknown) {
    if (!encoded.raw || frame::RawBytes(*encoded.raw) != bytes.size()) {
      return RefuseUnknown(encoded);
    }
    format = Format::kRaw;
  }
  base::Allowance both = allowance;
  both.cpu = base::CpuDeadline(options.deadline);
  const DecodeRequest request{
      bytes, encoded.admit, wanted.format, wanted.enough_width, wanted.limited_as, options,
      both,  budget,        scratch,       budget_patience};
  if (auto allowed = both.Check("decoding"); !allowed) return std::unexpected(allowed.error());
  auto decoded = DecodeAs(format, request, encoded.raw);
  if (!decoded) {
    base::Error& error = decoded.error();
    if (error.code == ErrorCode::kUnsupportedFormat) {
      error.message += "; supported: " + std::string(SupportedFormats());
    }
    return decoded;
  }
  decoded->format = format;
  WarnOfFurtherPicture(bytes, *decoded);
  if (decoded->width == 0) {
    decoded->width = decoded->image.width;
    decoded->height = decoded->image.height;
  }
  if (SwapsSides(decoded->orientation)) std::swap(decoded->width, decoded->height);
  if (auto oriented = Orient(request, *decoded); !oriented) {
    return std::unexpected(oriented.error());
  }
  return decoded;
}

}  // namespace sampleproc::codec
