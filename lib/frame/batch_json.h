// The JSON form of several frames: {"frames": [frame, ...]}, each as in frame/frame_json.h.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "frame/frame.h"
#include "frame/options.h"

namespace sampleproc::frame {

// The frames of a batch, in the order of the text, each by itself a frame or what is wrong with it.
struct BatchFrames {
  base::ByteBuffer storage;  // what all `encoded` point into; none of the frames owns any
  std::vector<base::Result<Frame>> frames;
  std::map<std::size_t, std::string> cameras_of_failed;  // by the frame's number, if it was read
};

// Parses in place; the body should have frame::kJsonBodyRoom to spare. Takes 1 to
// options.max_batch_frames frames. One that breaks a rule leaves the others alone; its problems'
// `loc` begins with {"body", "frames", its number from 0}. Fails with kInvalidFrame for what is
// wrong with the whole: the text (json_invalid and its like; so a member that is there twice),
// object_type, array_type, empty, too_many, and members beside `frames` that belong in the frames
// (misplaced_member) or in the configuration (configured); others are passed over with a warning in
// each frame. Thread-safe.
base::Result<BatchFrames> ParseBatchJson(base::ByteBuffer body, const Options& options);

}  // namespace sampleproc::frame
