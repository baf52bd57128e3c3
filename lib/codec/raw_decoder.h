// Pixels without a header, as their sender described them.
#pragma once

#include <string>

#include "base/error.h"
#include "codec/decode_request.h"
#include "frame/raw_description.h"

namespace sampleproc::codec {

// "as bgr24 of 640x480 pixels it would have 921600 bytes, it has 10"; with a side missing or odd it
// says what the description lacks instead. For frames whose size does not fit.
std::string DescribeRawMismatch(const frame::RawDescription& description, std::size_t found);

// Decodes pixels; the frame has exactly frame::RawBytes(description) bytes. The luma of nv12 and
// yuyv is their own Y stretched to 0..255 (yuv.h has the formulas); each U and V is that of all
// pixels it stands for.
base::Result<Decoded> DecodeRaw(const DecodeRequest& request,
                                const frame::RawDescription& description);

}  // namespace sampleproc::codec
