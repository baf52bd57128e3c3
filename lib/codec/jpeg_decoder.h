// JPEG to pixels, by libjpeg-turbo.
#pragma once

#include "base/error.h"
#include "codec/decode_request.h"

namespace sampleproc::codec {

// Decodes a JPEG as Decode promises, smaller where that is enough. Gray is the picture's own Y
// (libjpeg's conversion when it is an RGB JPEG). The slow integer DCT is used, whose output every
// implementation agrees on.
//
// Nothing that the library calls a warning about missing or impossible picture data passes: it
// fills the gaps with grey and goes on, which here would be pixels that nobody sent. What carries
// no pixel (bytes before a restart marker, odd scan parameters, a missing end marker) is a warning.
// Arithmetic coding has no such signs: data that is cut and then given an end marker is other valid
// data.
base::Result<Decoded> DecodeJpeg(const DecodeRequest& request);

}  // namespace sampleproc::codec
