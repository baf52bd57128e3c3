// NumPy array files to pixels.
#pragma once

#include "base/error.h"
#include "codec/decode_request.h"

namespace sampleproc::codec {

// Decodes an array of height, width and, with three dimensions, channels. The channels stand in
// OpenCV's order, as arrays of pictures from cv2 do: 1 gray, 3 blue, green and red, 4 the same with
// alpha, which is dropped. The file must be exactly as long as its header says.
base::Result<Decoded> DecodeNpy(const DecodeRequest& request);

}  // namespace sampleproc::codec
