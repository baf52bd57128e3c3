// What became of one frame of one input.
#pragma once

#include <string>

#include "base/error.h"
#include "files/task.h"
#include "frame/frame_result.h"

namespace sampleproc::files {

struct Record {
  frame::SourceRef source;
  std::string frame_id;
  base::Result<frame::FrameResult> result;
  Place place = {};
  bool of_many = false;
  bool silent = false;
  double share = 0;  // of its input that has been read, 0..1
};

}  // namespace sampleproc::files
