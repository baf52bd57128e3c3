// WebP to pixels, by libwebp.
#pragma once

#include "base/error.h"
#include "codec/decode_request.h"

namespace sampleproc::codec {

// Decodes a lossy or lossless WebP as Decode promises; of an animation the first frame, on black
// where it does not fill the canvas. Transparency is not read at all.
//
// The library gives colour only (its own luma has another range), so the limit on a frame's bytes
// counts what is needed at once: 3 bytes a pixel, whatever is wanted. A lossless picture lies in
// the library's memory as a whole, at 4 bytes a pixel; that may not exceed the limit either.
base::Result<Decoded> DecodeWebp(const DecodeRequest& request);

}  // namespace sampleproc::codec
