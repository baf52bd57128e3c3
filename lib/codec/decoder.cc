#include "codec/decoder.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "codec/foreign_format.h"
#include "codec/jpeg_decoder.h"
#include "codec/orientation.h"
#include "codec/png_decoder.h"

namespace sampleproc::codec {
namespace {

bool StartsWith(base::ByteView bytes, std::string_view magic) {
  return base::AsText(bytes).starts_with(magic);
}

}  // namespace

Format Sniff(base::ByteView encoded) {
  if (StartsWith(encoded, "\xff\xd8\xff")) return Format::kJpeg;
  if (StartsWith(encoded, "\x89PNG\r\n\x1a\n")) return Format::kPng;
  return Format::kUnknown;
}

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kJpeg:
      return "jpeg";
    case Format::kPng:
      return "png";
    case Format::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view SupportedFormats() { return "JPEG, PNG"; }

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

base::Result<Decoded> Decode(const Encoded& input, frame::PixelFormat wanted,
                             const Options& options, const base::Allowance& allowance,
                             resources::MemoryBudget& budget, Scratch& scratch,
                             std::chrono::milliseconds budget_patience) {
  const base::ByteView encoded = input.bytes;
  if (encoded.empty()) {
    return base::Fail(base::ErrorCode::kInvalidFrame, "the frame is empty; it must be a picture (" +
                                                          std::string(SupportedFormats()) + ")");
  }
  const Format format = Sniff(encoded);
  if (format == Format::kUnknown) {
    return base::Fail(base::ErrorCode::kUnsupportedFormat,
                      DescribeForeign(encoded) + "; supported: " + std::string(SupportedFormats()));
  }
  base::Allowance both = allowance;
  both.cpu = base::Deadline(base::ThreadCpuClock(), options.deadline);
  const DecodeRequest request{encoded, wanted, options, both, budget, scratch, budget_patience};
  if (auto allowed = both.Check("decoding"); !allowed) return std::unexpected(allowed.error());
  auto decoded = format == Format::kJpeg ? DecodeJpeg(request) : DecodePng(request);
  if (!decoded) return decoded;
  decoded->format = format;
  if (auto oriented = Orient(request, *decoded); !oriented) {
    return std::unexpected(oriented.error());
  }
  return decoded;
}

}  // namespace sampleproc::codec
