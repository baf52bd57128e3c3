// A message of an event, as sinks take it.
#pragma once

#include "consumer/result_sink.h"
#include "frame/event.h"

namespace sampleproc::consumer {

// Its key has the camera, the event, the message's type and its frame's time, which no other
// message has.
ResultRecord RecordOf(const frame::Event& event);

}  // namespace sampleproc::consumer
