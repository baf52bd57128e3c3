// Pixels to JPEG, for annotated frames.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "frame/image.h"

namespace sampleproc::codec {

// A baseline JPEG (4:2:0 for colour) of the picture. `quality` is libjpeg's, 1..100. Fails with
// kInternal when the library refuses, kInvalidFrame when a side is over the library's 65,500
// pixels.
base::Result<base::ByteBuffer> EncodeJpeg(const frame::Image& image, int quality);

}  // namespace sampleproc::codec
