// The JSON form of a frame:
//
//   { "frame_data": "<base64>",            required, 1 .. max_frame_data_chars characters
//     "metadata": { "frame_id": "...",     optional object, at most max_metadata_bytes as compact
//                   "camera_id": "...",    JSON (no white space, UTF-8, numbers as written); these
//                   "timestamp": "...",    members are read, others are allowed and ignored
//                   "format": "jpeg",
//                   "width": 640, "height": 480 } }
//
// frame_id and camera_id: text or an integer of magnitude 2^53 or less, at most 256 bytes;
// timestamp: text or a number, at most 64 bytes; format: text, at most 32 bytes. A number is kept
// as it was written. width, height: integers 1 to 65535, looked at only when the format is one of
// raw pixels (frame/raw_description.h): then Frame::raw is set, whatever the bytes turn out to be.
// No control characters in any of them. Null and the empty text mean: not given.
//
// Other members at the top level are ignored, as the original service did, with a warning in the
// frame: misplaced_member (one that belongs in metadata and is not there), misspelled_member,
// configured (what no request chooses), unknown_member. In metadata only another spelling of a
// member above is warned of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/options.h"
#include "json/reader.h"

namespace sampleproc::frame {

// Bytes that a body's capacity should exceed its size by; without them ParseFrameJson has to move
// the body to a larger block.
constexpr std::size_t kJsonBodyRoom = json::kParseRoom;

// Parses `body` in place and decodes `frame_data` in place: the returned frame owns the very same
// heap block, and `encoded` points into it. `frame_id` stays empty when the sender gave none.
//
// Fails with kInvalidFrame and one Problem for everything that is wrong. `loc` starts with "body"
// and holds names of ours only, never one the sender chose; the input is never part of a message.
// Types, by what is wrong:
//   the text       json_invalid (alone, with the byte offset), json_depth, json_nodes, unicode: the
//                  text is read no further; duplicate_key
//   frame_data     missing, string_type, empty, too_long, base64_character, base64_length,
//                  base64_padding
//   body, metadata object_type, metadata_too_large
//   its members    string_type, number_range, too_long, control_character; width and height:
//                  side_range
// Of a frame that fails `camera`, where it is given, is told the camera if that could be read.
// Thread-safe.
base::Result<Frame> ParseFrameJson(base::ByteBuffer body, const Options& options,
                                   std::optional<std::string>* camera = nullptr);

// Reads what the `metadata` above may be, alone, into `frame`; the rules, the problems and their
// `loc` (from {"body", "metadata"} on) are the same, but max_metadata_bytes is held against the
// text as it is. For doors that get the picture by itself. When it fails, `frame` gets no more than
// the camera, if that could be read.
base::Result<void> ParseMetadataJson(std::string_view metadata, const Options& options,
                                     Frame& frame);

}  // namespace sampleproc::frame
