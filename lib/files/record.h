// What became of one frame of one input.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "files/frame_picture.h"
#include "files/task.h"
#include "frame/event.h"
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

  // Of a frame that failed: the events that were told with it before it did.
  std::vector<frame::Event> told = {};

  // Why what belongs beside the record cannot be written. The record is handed out, and then the
  // run ends with this.
  std::optional<base::Error> output_failed = {};

  // Where WorkerContext::pictures wanted it; else null.
  std::shared_ptr<const FramePicture> picture = {};

  std::optional<std::string> camera_id = {};  // the task's

  // Where WorkerContext::draws wanted it; else null.
  std::shared_ptr<const DrawnFrame> drawn = {};
};

}  // namespace sampleproc::files
