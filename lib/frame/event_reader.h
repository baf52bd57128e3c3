// An event's message read back from what AppendEventJson has written.
#pragma once

#include <string>

#include "base/error.h"
#include "frame/event.h"

namespace sampleproc::frame {

// Members that are not known are ignored, and those that are missing have their defaults; a reason
// that is none of Event's own is left out. Fails with kIo when it is not JSON or has no event_id.
base::Result<Event> ReadEvent(std::string json);

}  // namespace sampleproc::frame
