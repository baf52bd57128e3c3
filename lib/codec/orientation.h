// Turns decoded pixels the right way up.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "codec/decode_request.h"

namespace sampleproc::codec {

// Whether Orient makes the stored width the height.
bool SwapsSides(int orientation);

// Bytes that Orient needs beside pixels of `pixel_bytes`: for the orientations that swap width and
// height (5..8) as many again, for the others none. Reserved by the decoder with its own.
std::uint64_t TurnBytes(int orientation, std::uint64_t pixel_bytes);

// Undoes `decoded.orientation`, as EXIF 2.32 4.6.4 numbers them: the first row and column stored
// are, 1: top and left, 2: top and right, 3: bottom and right, 4: bottom and left, 5: left and top,
// 6: right and top, 7: right and bottom, 8: left and bottom. Changes the image, whose pixels are
// packed and lie in the request's scratch. Fails when the allowance ends.
base::Result<void> Orient(const DecodeRequest& request, Decoded& decoded);

// A copy of `image` with `orientation` undone, its rows packed, in `bytes`.
frame::Image OrientedCopy(const frame::Image& image, int orientation, base::ByteBuffer& bytes);

}  // namespace sampleproc::codec
