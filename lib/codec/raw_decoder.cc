#include "codec/raw_decoder.h"

#include <algorithm>

#include "codec/sample_array.h"
#include "codec/yuv.h"

namespace sampleproc::codec {
namespace {

using frame::RawFormat;

// Pixels converted between two looks at the clock.
constexpr std::uint32_t kPixelsPerCheck = 1u << 16;

// Where the Y, U and V of a row of pixels stand: those of pixel x at luma[x * luma_step],
// u[x / 2 * chroma_step] and v[x / 2 * chroma_step].
struct YuvRow {
  const std::uint8_t* luma;
  const std::uint8_t* u;
  const std::uint8_t* v;
  std::size_t luma_step;
  std::size_t chroma_step;
};

YuvRow RowOf(base::ByteView bytes, const frame::RawDescription& description, std::size_t y) {
  const std::size_t width = description.width;
  if (description.format == RawFormat::kYuyv) {
    const std::uint8_t* const row = bytes.data() + y * width * 2;
    return {row, row + 1, row + 3, 2, 4};
  }
  const std::uint8_t* const chroma = bytes.data() + width * description.height + y / 2 * width;
  return {bytes.data() + y * width, chroma, chroma + 1, 1, 2};
}

base::Result<Decoded> DecodeYuv(const DecodeRequest& request,
                                const frame::RawDescription& description) {
  const auto channels = static_cast<std::size_t>(frame::Channels(request.wanted));
  const std::size_t stride = description.width * channels;
  const std::size_t bytes = stride * description.height;
  auto reservation = ReserveForDecode(
      request,
      {.pixels = std::uint64_t{description.width} * description.height, .picture_bytes = bytes});
  if (!reservation) return std::unexpected(reservation.error());
  std::uint8_t* const out = request.scratch.Take(bytes);
  const std::uint32_t rows_per_check = std::max(1u, kPixelsPerCheck / description.width);
  for (std::uint32_t y = 0; y < description.height; ++y) {
    if (y % rows_per_check == 0) {
      if (auto allowed = request.allowance.Check("decoding"); !allowed) {
        return std::unexpected(allowed.error());
      }
    }
    const YuvRow row = RowOf(request.encoded, description, y);
    std::uint8_t* const to = out + y * stride;
    if (request.wanted == frame::PixelFormat::kGray8) {
      for (std::size_t x = 0; x < description.width; ++x) {
        to[x] = YuvToLuma(row.luma[x * row.luma_step]);
      }
    } else {
      for (std::size_t x = 0; x < description.width; ++x) {
        const std::size_t chroma = x / 2 * row.chroma_step;
        YuvToBgr(row.luma[x * row.luma_step], row.u[chroma], row.v[chroma], to + 3 * x);
      }
    }
  }
  Decoded decoded;
  decoded.image = {out, static_cast<int>(description.width), static_cast<int>(description.height),
                   stride, request.wanted};
  decoded.reservation = std::move(*reservation);
  return decoded;
}

SampleArray ArrayOf(base::ByteView bytes, const frame::RawDescription& description) {
  SampleArray array{
      .data = bytes, .width = description.width, .height = description.height, .channels = 1};
  switch (description.format) {
    case RawFormat::kRgb24:
      array.red_first = true;
      [[fallthrough]];
    case RawFormat::kBgr24:
      array.channels = 3;
      break;
    case RawFormat::kGray16le:
      array.type = SampleType::kU16;
      break;
    case RawFormat::kF32:
      array.type = SampleType::kF32;
      break;
    case RawFormat::kGray8:
    case RawFormat::kNv12:
    case RawFormat::kYuyv:
      break;
  }
  return array;
}

}  // namespace

std::string DescribeRawMismatch(const frame::RawDescription& description, std::size_t found) {
  const std::string name(frame::RawFormatName(description.format));
  if (description.width == 0 || description.height == 0) {
    return "pixels described as " + name + " need width and height too";
  }
  const std::string what = "as " + name + " of " + std::to_string(description.width) + "x" +
                           std::to_string(description.height) + " pixels it ";
  const auto expected = frame::RawBytes(description);
  if (!expected) {
    return what + "cannot be read: " +
           (description.format == RawFormat::kNv12 ? "width and height" : "the width") +
           " must be even";
  }
  return what + "would have " + std::to_string(*expected) + " bytes, it has " +
         std::to_string(found);
}

base::Result<Decoded> DecodeRaw(const DecodeRequest& request,
                                const frame::RawDescription& description) {
  const std::string_view name = frame::RawFormatName(description.format);
  if (auto fits =
          CheckFrameBytes(name, description.width, description.height, request.wanted, request);
      !fits) {
    return std::unexpected(fits.error());
  }
  if (description.format == RawFormat::kNv12 || description.format == RawFormat::kYuyv) {
    return DecodeYuv(request, description);
  }
  return ConvertSamples(request, ArrayOf(request.encoded, description), name);
}

}  // namespace sampleproc::codec
