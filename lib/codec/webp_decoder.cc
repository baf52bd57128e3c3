#include "codec/webp_decoder.h"

#include <webp/decode.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "codec/exif.h"
#include "codec/luma.h"
#include "codec/orientation.h"
#include "codec/vp8l_header.h"
#include "codec/webp_chunks.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

// The library is handed the file in slices, and the clock is looked at between them. A slice is not
// smaller because after each the library decodes up to eight rows of a lossless picture again, and
// there are not more of them because its header may be read again after each.
constexpr std::size_t kSmallestSlice = 64 * 1024;
constexpr std::size_t kMostSlices = 32;

constexpr std::uint64_t kBgrBytes = 3;
constexpr std::uint64_t kArgbBytes = 4;

struct DeleteDecoder {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};

// What the library keeps beside our pixels. Lossy: a few rows of macroblocks with their modes and
// coefficients, under 2 KiB for each 16 pixels of width. Lossless: all pixels, 16 rows for output,
// the colour cache, and the sets of Huffman tables: up to 3000 entries of 4 bytes each and, with a
// colour cache, its size once more.
base::Result<std::uint64_t> LibraryBytes(const WebpFile& file, const DecodeRequest& request) {
  const std::uint64_t width = file.picture_width;
  if (!file.lossless) return 256 * 1024 + 192 * width;
  constexpr std::size_t kChunkHead = 8;
  const auto header = ReadVp8lHeader(file.picture.subspan(kChunkHead), request.allowance);
  if (!header) return std::unexpected(header.error());
  const std::uint64_t cache = header->cache_bits == 0 ? 0 : std::uint64_t{1} << header->cache_bits;
  return 256 * 1024 + (width * file.picture_height + 16 * width + 2 * cache) * kArgbBytes +
         header->huffman_groups * (4 * (3000 + cache) + 1024);
}

base::Result<void> CheckLimits(const WebpFile& file, const DecodeRequest& request) {
  const auto bytes =
      CheckFrameBytes("WebP", file.width, file.height, frame::PixelFormat::kBgr24, request);
  if (!bytes) return std::unexpected(bytes.error());
  // Before the Huffman codes are read, which takes time.
  const std::uint64_t argb = std::uint64_t{file.picture_width} * file.picture_height * kArgbBytes;
  return CheckWorkingBytes(request,
                           {.picture_bytes = *bytes, .library_bytes = file.lossless ? argb : 0});
}

base::Result<void> DecodePicture(const WebpFile& file, const DecodeRequest& request,
                                 std::uint8_t* canvas) {
  const std::size_t stride = file.width * kBgrBytes;
  const std::size_t offset = file.top * stride + file.left * kBgrBytes;
  WebPDecBuffer output;
  WebPInitDecBuffer(&output);
  output.colorspace = MODE_BGR;
  output.is_external_memory = 1;
  output.u.RGBA.rgba = canvas + offset;
  output.u.RGBA.stride = static_cast<int>(stride);
  output.u.RGBA.size = stride * file.height - offset;
  const std::unique_ptr<WebPIDecoder, DeleteDecoder> decoder(WebPINewDecoder(&output));
  VP8StatusCode status = decoder ? VP8_STATUS_SUSPENDED : VP8_STATUS_OUT_OF_MEMORY;
  const std::size_t slice = std::max(kSmallestSlice, file.picture.size() / kMostSlices);
  for (std::size_t given = 0; status == VP8_STATUS_SUSPENDED && given < file.picture.size();) {
    if (auto allowed = request.allowance.Check("decoding"); !allowed) return allowed;
    given = std::min(given + slice, file.picture.size());
    status = WebPIUpdate(decoder.get(), file.picture.data(), given);
  }
  switch (status) {
    case VP8_STATUS_OK:
      return {};
    case VP8_STATUS_OUT_OF_MEMORY:
      return Fail(ErrorCode::kOverloaded, "no memory for decoding a WebP now");
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return Fail(ErrorCode::kInvalidFrame,
                  "the WebP is truncated or corrupt: its picture data ends before the last row");
    default:
      return Fail(ErrorCode::kInvalidFrame, "the WebP is corrupt: its picture data is broken");
  }
}

// Within the same memory: a gray pixel is never written beyond the colours that are still to come.
void ShrinkToGray(std::uint8_t* pixels, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    pixels[i] = Luma(pixels[3 * i + 2], pixels[3 * i + 1], pixels[3 * i]);
  }
}

}  // namespace

base::Result<Decoded> DecodeWebp(const DecodeRequest& request) {
  const auto file = WalkWebpChunks(request.encoded);
  if (!file) return std::unexpected(file.error());
  if (auto fits = CheckLimits(*file, request); !fits) return std::unexpected(fits.error());

  Decoded decoded;
  decoded.orientation = OrientationFromExif(file->exif, decoded.warnings);
  if (file->has_alpha) {
    decoded.warnings.push_back({"alpha_ignored", "the WebP's transparency is ignored"});
  }
  if (file->animated) {
    decoded.warnings.push_back({"animated", "the WebP is animated; its first frame is used"});
  }
  const std::size_t pixels = std::size_t{file->width} * file->height;
  const auto channels = static_cast<std::size_t>(frame::Channels(request.wanted));
  const auto library_bytes = LibraryBytes(*file, request);
  if (!library_bytes) return std::unexpected(library_bytes.error());
  auto reservation =
      ReserveForDecode(request, {.pixels = pixels,
                                 .picture_bytes = pixels * kBgrBytes,
                                 .library_bytes = *library_bytes,
                                 .turn_bytes = TurnBytes(decoded.orientation, pixels * channels)});
  if (!reservation) return std::unexpected(reservation.error());

  std::uint8_t* const canvas = request.scratch.Take(pixels * kBgrBytes);
  if (file->picture_width != file->width || file->picture_height != file->height) {
    std::memset(canvas, 0, pixels * kBgrBytes);
  }
  if (auto done = DecodePicture(*file, request, canvas); !done) {
    return std::unexpected(done.error());
  }
  if (request.wanted == frame::PixelFormat::kGray8) ShrinkToGray(canvas, pixels);
  decoded.image = {canvas, static_cast<int>(file->width), static_cast<int>(file->height),
                   file->width * channels, request.wanted};
  decoded.reservation = std::move(*reservation);
  return decoded;
}

}  // namespace sampleproc::codec
