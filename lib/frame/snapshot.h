// Which frame is the picture of an event.
#pragma once

#include <string>

#include "frame/detection.h"

namespace sampleproc::frame {

// A frame is the best one of an event so far: where the thing is in it, and how sure that is.
struct Snapshot {
  std::string event_id;
  Detection detection;  // in oriented source pixels of that frame

  bool operator==(const Snapshot&) const = default;
};

}  // namespace sampleproc::frame
