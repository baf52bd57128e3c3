// PNG to pixels, by libpng.
#pragma once

#include "base/error.h"
#include "codec/decode_request.h"

namespace sampleproc::codec {

// Decodes a PNG of any kind as Decode promises; of an animated one the default image. The file must
// be whole: every critical chunk's CRC right and IEND there. Text, profiles and other ancillary
// chunks are passed over without being read.
base::Result<Decoded> DecodePng(const DecodeRequest& request);

}  // namespace sampleproc::codec
