// What became of one frame of one input.
#pragma once

#include <string>

#include "base/error.h"
#include "frame/frame_result.h"
#include "frame/result_json.h"

namespace sampleproc::files {

struct Record {
  frame::SourceRef source;
  std::string frame_id;
  base::Result<frame::FrameResult> result;
};

}  // namespace sampleproc::files
