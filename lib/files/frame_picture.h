// Pictures of frames that go with their records: small ones for a report that is written when the
// run is over, drawn ones for a video.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "frame/frame_result.h"
#include "frame/image.h"
#include "resources/memory_budget.h"

namespace sampleproc::files {

struct Task;

// A frame as a small JPEG (process::Processor::Shrunk), or why there is none.
struct FramePicture {
  std::string jpeg;
  std::string problem;            // of an empty one
  resources::Reservation memory;  // of the JPEG's bytes
};

// A frame with its boxes drawn, on its way into a video: a JPEG, so that frames that wait for an
// earlier one take little.
struct DrawnFrame {
  base::ByteBuffer jpeg;
  frame::PixelAspect aspect;
  resources::Reservation memory;  // of its bytes
};

// Says of which frames a report may want the picture.
class PictureWants {
 public:
  virtual ~PictureWants() = default;
  // Called by any of the workers, several at once, when the frame has its result. Whatever other
  // frames come to, a frame that the report shows is never declined.
  virtual bool Wants(const Task& task, const frame::FrameResult& result) const = 0;
};

}  // namespace sampleproc::files
