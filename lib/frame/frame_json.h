// The JSON form of a frame:
//
//   { "frame_data": "<base64>",            required, 1 .. max_frame_data_chars characters
//     "metadata": { "frame_id": "...",     optional object, at most max_metadata_bytes as compact
//                   "camera_id": "...",    JSON; these members are read, others are allowed and
//                   "timestamp": ...,      ignored; timestamp is text or a number
//                   "format": "jpeg" } }
//
// Other members at the top level are ignored, as the original service did.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/options.h"

namespace sampleproc::frame {

// Parses `body` in place and decodes `frame_data` in place: the returned frame owns the very same
// heap block, and `encoded` points into it. `frame_id` stays empty when the sender gave none.
//
// Fails with kInvalidFrame and one Problem for everything that is wrong (`loc` starts with "body");
// for text that is not JSON at all there is one problem of type "json_invalid" with the byte
// offset. The input is never part of the message. Thread-safe.
base::Result<Frame> ParseFrameJson(base::ByteBuffer body, const Options& options);

}  // namespace sampleproc::frame
