#include "codec/png_chunks.h"

#include <zlib.h>

#include <string>
#include <string_view>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::size_t kSignature = 8;
constexpr std::size_t kChunkFrame = 12;  // length, type, crc
constexpr std::size_t kHeaderPayload = 13;
constexpr std::uint32_t kLargestNumber = 0x7fffffff;
constexpr std::string_view kExif = "eXIf";

std::uint32_t BigEndian(base::ByteView bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

struct Chunk {
  std::string_view type;
  base::ByteView payload;
  std::size_t size = 0;  // of the whole chunk
  bool crc_matches = true;
};

bool IsCritical(std::string_view type) { return (type[0] & 0x20) == 0; }

// The types are a stranger's bytes: only those of the standard are named.
std::string NameOf(std::string_view type) {
  for (const std::string_view known : {"IHDR", "PLTE", "IDAT", "IEND"}) {
    if (type == known) return "the " + std::string(known) + " chunk";
  }
  return "a chunk";
}

base::Result<Chunk> ReadChunk(base::ByteView encoded, std::size_t at) {
  const base::ByteView rest = encoded.subspan(at);
  const std::string place = " at byte " + std::to_string(at);
  if (rest.size() < 8) {
    return Fail(ErrorCode::kInvalidFrame,
                "the PNG is truncated: it ends" +
                    (rest.empty() ? " without its IEND chunk" : " inside a chunk" + place));
  }
  Chunk chunk;
  const std::uint32_t length = BigEndian(rest);
  chunk.type = base::AsText(rest.subspan(4, 4));
  if (length > kLargestNumber) {
    return Fail(ErrorCode::kInvalidFrame, "the PNG is corrupt: the chunk" + place + " says " +
                                              std::to_string(length) +
                                              " bytes; a chunk has at most 2147483647");
  }
  chunk.size = kChunkFrame + length;
  if (rest.size() < chunk.size) {
    return Fail(ErrorCode::kInvalidFrame, "the PNG is truncated: " + NameOf(chunk.type) + place +
                                              " says " + std::to_string(length) + " bytes, " +
                                              std::to_string(rest.size() - 8) + " follow");
  }
  chunk.payload = rest.subspan(8, length);
  if (IsCritical(chunk.type) || chunk.type == kExif) {
    const uLong crc = crc32(0, rest.data() + 4, length + 4);
    chunk.crc_matches = crc == BigEndian(rest.subspan(8 + length, 4));
  }
  return chunk;
}

bool DepthFits(PngColour colour, int depth) {
  switch (colour) {
    case PngColour::kGray:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case PngColour::kPalette:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case PngColour::kRgb:
    case PngColour::kGrayAlpha:
    case PngColour::kRgbAlpha:
      return depth == 8 || depth == 16;
  }
  return false;
}

base::Result<PngHeader> ParseHeader(const Chunk& chunk) {
  if (chunk.type != "IHDR" || chunk.payload.size() != kHeaderPayload) {
    return Fail(ErrorCode::kInvalidFrame,
                "the PNG is corrupt: it must start with an IHDR chunk of 13 bytes");
  }
  if (!chunk.crc_matches) {
    return Fail(ErrorCode::kInvalidFrame, "the PNG is corrupt: the CRC of its IHDR chunk is wrong");
  }
  const base::ByteView payload = chunk.payload;
  PngHeader header;
  header.width = BigEndian(payload);
  header.height = BigEndian(payload.subspan(4));
  header.bit_depth = payload[8];
  header.colour = static_cast<PngColour>(payload[9]);
  header.interlaced = payload[12] == 1;
  if (header.width == 0 || header.height == 0 || header.width > kLargestNumber ||
      header.height > kLargestNumber) {
    return Fail(ErrorCode::kInvalidFrame, "the PNG header says " + std::to_string(header.width) +
                                              "x" + std::to_string(header.height) +
                                              " pixels; sides are 1 to 2147483647");
  }
  if (!DepthFits(header.colour, header.bit_depth)) {
    return Fail(ErrorCode::kInvalidFrame,
                "the PNG header says colour type " + std::to_string(payload[9]) + " with " +
                    std::to_string(header.bit_depth) + " bits, which the standard does not have");
  }
  if (payload[10] != 0 || payload[11] != 0 || payload[12] > 1) {
    return Fail(ErrorCode::kInvalidFrame,
                "the PNG header says a compression, filter or interlace method that the standard "
                "does not have");
  }
  return header;
}

}  // namespace

base::Result<PngHeader> ReadPngHeader(base::ByteView encoded) {
  const auto chunk = ReadChunk(encoded, kSignature);
  if (!chunk) return std::unexpected(chunk.error());
  return ParseHeader(*chunk);
}

base::Result<PngHeader> WalkPngChunks(base::ByteView encoded) {
  auto header = ReadPngHeader(encoded);
  if (!header) return header;
  std::size_t at = kSignature + kChunkFrame + kHeaderPayload;
  bool has_pixels = false;
  for (;;) {
    const auto chunk = ReadChunk(encoded, at);
    if (!chunk && has_pixels && !base::AsText(encoded.subspan(at)).substr(0, 8).ends_with("IDAT")) {
      break;
    }
    if (!chunk) return std::unexpected(chunk.error());
    const bool last = has_pixels && chunk->type == "IEND";
    if (!chunk->crc_matches && chunk->type != kExif && !last) {
      return Fail(ErrorCode::kInvalidFrame, "the PNG is corrupt: the CRC of " +
                                                NameOf(chunk->type) + " at byte " +
                                                std::to_string(at) + " is wrong");
    }
    if (chunk->type == "IEND") {
      header->has_end = chunk->crc_matches;
      header->end = at + chunk->size;
      break;
    }
    if (chunk->type == "IDAT") has_pixels = true;
    if (chunk->type == "tRNS") header->has_transparency = true;
    if (chunk->type == "acTL") header->animated = true;
    if (chunk->type == kExif && header->exif.empty()) {
      header->exif = chunk->payload;
      header->exif_damaged = !chunk->crc_matches;
    }
    at += chunk->size;
  }
  if (!has_pixels) {
    return Fail(ErrorCode::kInvalidFrame, "the PNG has no picture data (IDAT)");
  }
  return header;
}

}  // namespace sampleproc::codec
