// A walk over the chunks of a WebP before the library sees it: where its (first) picture is, and
// whether the file is whole.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::codec {

struct WebpFile {
  std::uint32_t width = 0;  // of the canvas, 1..2^24
  std::uint32_t height = 0;
  std::uint32_t left = 0;  // of the picture on the canvas; not zero in animations only
  std::uint32_t top = 0;
  std::uint32_t picture_width = 0;  // 1..16384, within the canvas
  std::uint32_t picture_height = 0;
  base::ByteView picture;  // the "VP8 " or "VP8L" chunk, header and payload
  base::ByteView exif;     // the payload of the EXIF chunk, or empty
  bool lossless = false;
  bool has_alpha = false;
  bool animated = false;
};

//   "RIFF" size(4) "WEBP" | chunk*          chunk: name(4) size(4) payload[size] pad to even
//   simple:   "VP8 " | "VP8L"
//   extended: VP8X, then chunks in which, for a still picture, [ALPH] and "VP8 " or "VP8L" stand,
//             for an animation ANMF chunks whose payload has them behind a head of 16 bytes
//   VP8X: flags(1) reserved(3) width-1(3) height-1(3)
//   ANMF: left/2(3) top/2(3) width-1(3) height-1(3) duration(3) flags(1)
//
// All numbers are little endian; bytes behind the RIFF size are ignored. `encoded` starts as a WebP
// does. Of an animation the first frame is described. Fails with kInvalidFrame when a chunk is cut
// short, there is no picture, or sizes contradict each other. Costs nothing but the walk.
base::Result<WebpFile> WalkWebpChunks(base::ByteView encoded);

}  // namespace sampleproc::codec
