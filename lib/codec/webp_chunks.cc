#include "codec/webp_chunks.h"

#include <webp/decode.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::size_t kFileHead = 12;
constexpr std::size_t kChunkHead = 8;
constexpr std::size_t kExtendedHead = 10;
constexpr std::size_t kFrameHead = 16;
constexpr std::uint8_t kAnimationFlag = 0x02;
constexpr std::string_view kExifPrefix("Exif\0\0", 6);

std::uint32_t Number(base::ByteView bytes, std::size_t at, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = count; i > 0; --i) number = number << 8 | bytes[at + i - 1];
  return number;
}

struct Chunk {
  std::string_view name;
  base::ByteView whole;  // without the padding
  base::ByteView payload;
};

// The chunks of `bytes`, one after the other.
class ChunkReader {
 public:
  explicit ChunkReader(base::ByteView bytes) : rest_(bytes) {}

  // Nothing at the end.
  base::Result<std::optional<Chunk>> Next() {
    if (rest_.empty()) return std::nullopt;
    if (rest_.size() < kChunkHead || Number(rest_, 4, 4) > rest_.size() - kChunkHead) {
      return Fail(ErrorCode::kInvalidFrame, "the WebP is truncated: it ends inside a chunk");
    }
    const std::size_t size = kChunkHead + Number(rest_, 4, 4);
    const Chunk chunk{base::AsText(rest_.first(4)), rest_.first(size),
                      rest_.subspan(kChunkHead, size - kChunkHead)};
    rest_ = rest_.subspan(std::min(size + size % 2, rest_.size()));
    return chunk;
  }

 private:
  base::ByteView rest_;
};

bool IsPicture(std::string_view name) { return name == "VP8 " || name == "VP8L"; }

std::unexpected<base::Error> Contradiction() {
  return Fail(ErrorCode::kInvalidFrame,
              "the WebP is corrupt: its picture has another size than its header says, or lies "
              "beyond it");
}

// Takes the picture chunk; sizes come from the bit stream itself.
base::Result<void> TakePicture(const Chunk& chunk, WebpFile& file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(chunk.whole.data(), chunk.whole.size(), &features) != VP8_STATUS_OK ||
      features.width <= 0 || features.height <= 0) {
    return Fail(ErrorCode::kInvalidFrame, "the WebP is corrupt: its picture has a broken header");
  }
  file.picture = chunk.whole;
  file.picture_width = static_cast<std::uint32_t>(features.width);
  file.picture_height = static_cast<std::uint32_t>(features.height);
  file.lossless = chunk.name == "VP8L";
  file.has_alpha = file.has_alpha || features.has_alpha != 0;
  return {};
}

base::Result<void> ReadFrame(base::ByteView payload, WebpFile& file) {
  if (payload.size() < kFrameHead) {
    return Fail(ErrorCode::kInvalidFrame, "the WebP is corrupt: its first frame has no header");
  }
  file.left = 2 * Number(payload, 0, 3);
  file.top = 2 * Number(payload, 3, 3);
  const std::uint32_t width = 1 + Number(payload, 6, 3);
  const std::uint32_t height = 1 + Number(payload, 9, 3);
  ChunkReader chunks(payload.subspan(kFrameHead));
  for (;;) {
    const auto chunk = chunks.Next();
    if (!chunk) return std::unexpected(chunk.error());
    if (!*chunk) break;
    if ((*chunk)->name == "ALPH") file.has_alpha = true;
    if (!IsPicture((*chunk)->name) || !file.picture.empty()) continue;
    if (auto taken = TakePicture(**chunk, file); !taken) return taken;
    if (file.picture_width != width || file.picture_height != height) return Contradiction();
  }
  return {};
}

base::Result<void> ReadExtendedHead(base::ByteView payload, WebpFile& file) {
  if (payload.size() < kExtendedHead) {
    return Fail(ErrorCode::kInvalidFrame, "the WebP is corrupt: its VP8X chunk is too short");
  }
  file.animated = (payload[0] & kAnimationFlag) != 0;
  file.width = 1 + Number(payload, 4, 3);
  file.height = 1 + Number(payload, 7, 3);
  return {};
}

base::ByteView WithoutPrefix(base::ByteView exif) {
  return base::AsText(exif).starts_with(kExifPrefix) ? exif.subspan(kExifPrefix.size()) : exif;
}

// What an extended file has behind its VP8X chunk.
base::Result<void> ReadExtendedChunk(const Chunk& chunk, WebpFile& file) {
  if (chunk.name == "EXIF" && file.exif.empty()) file.exif = WithoutPrefix(chunk.payload);
  if (!file.picture.empty()) return {};
  if (file.animated) {
    return chunk.name == "ANMF" ? ReadFrame(chunk.payload, file) : base::Result<void>();
  }
  if (chunk.name == "ALPH") file.has_alpha = true;
  return IsPicture(chunk.name) ? TakePicture(chunk, file) : base::Result<void>();
}

base::Result<WebpFile> Judge(WebpFile file) {
  if (file.picture.empty()) {
    return Fail(ErrorCode::kInvalidFrame, "the WebP has no picture data");
  }
  if (file.width == 0) {
    file.width = file.picture_width;
    file.height = file.picture_height;
  }
  const bool fills = file.picture_width == file.width && file.picture_height == file.height;
  if (file.animated ? std::uint64_t{file.left} + file.picture_width > file.width ||
                          std::uint64_t{file.top} + file.picture_height > file.height
                    : !fills) {
    return Contradiction();
  }
  return file;
}

}  // namespace

base::Result<WebpFile> WalkWebpChunks(base::ByteView encoded) {
  const std::uint64_t end = std::uint64_t{8} + Number(encoded, 4, 4);
  if (end > encoded.size() || end < kFileHead) {
    return Fail(ErrorCode::kInvalidFrame, "the WebP is truncated: its header says " +
                                              std::to_string(end) + " bytes, the frame has " +
                                              std::to_string(encoded.size()));
  }
  WebpFile file;
  ChunkReader chunks(encoded.subspan(kFileHead, end - kFileHead));
  bool first = true;
  bool extended = false;
  for (;;) {
    const auto next = chunks.Next();
    if (!next) return std::unexpected(next.error());
    if (!*next) break;
    const Chunk& chunk = **next;
    base::Result<void> read;
    if (first && chunk.name == "VP8X") {
      extended = true;
      read = ReadExtendedHead(chunk.payload, file);
    } else if (extended) {
      read = ReadExtendedChunk(chunk, file);
    } else if (first && IsPicture(chunk.name)) {
      read = TakePicture(chunk, file);
    }
    if (!read) return std::unexpected(read.error());
    first = false;
  }
  return Judge(file);
}

}  // namespace sampleproc::codec
