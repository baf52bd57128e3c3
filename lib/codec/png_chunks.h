// A walk over the chunks of a PNG before the library sees it: the header's promises, and whether
// the file is whole.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::codec {

enum class PngColour : std::uint8_t {
  kGray = 0,
  kRgb = 2,
  kPalette = 3,
  kGrayAlpha = 4,
  kRgbAlpha = 6,
};

struct PngHeader {
  std::uint32_t width = 0;  // 1..2^31-1
  std::uint32_t height = 0;
  int bit_depth = 0;  // 1, 2, 4, 8, 16
  PngColour colour = PngColour::kGray;
  bool interlaced = false;
  bool has_transparency = false;  // a tRNS chunk
  bool animated = false;          // an acTL chunk
  base::ByteView exif;            // the payload of the first eXIf chunk, or empty
  bool exif_damaged = false;      // its CRC is wrong
  bool has_end = false;           // a whole IEND chunk
  std::size_t end = 0;            // where that ends
};

//   89 "PNG" 0D 0A 1A 0A | chunk*      chunk: length(4) type(4) payload[length] crc32(4)
//   IHDR payload: width(4) height(4) depth(1) colour(1) compression(1) filter(1) interlace(1)
//
// All numbers are big endian; the CRC covers type and payload. `encoded` starts with the signature.
// Fails with kInvalidFrame when the header breaks a rule, the file ends before or inside its
// picture data (IDAT), or the CRC of a critical chunk (capital first letter) is wrong. A file that
// ends, or goes on with what is no chunk, after an IDAT chunk has no `has_end`; whether all rows
// are there is the decoder's to find out. `ReadPngHeader` looks at IHDR alone, so it costs nothing
// whatever follows; `WalkPngChunks` fills in the rest and reads the whole file.
base::Result<PngHeader> ReadPngHeader(base::ByteView encoded);
base::Result<PngHeader> WalkPngChunks(base::ByteView encoded);

}  // namespace sampleproc::codec
