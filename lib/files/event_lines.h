// Events as NDJSON.
#pragma once

#include <string>
#include <utility>

#include "files/event_sink.h"
#include "files/line_sink.h"

namespace sampleproc::files {

// Each event as a line, as AppendEventJson has it, without a picture to ask for. Used by one thread
// at a time.
class EventLines final : public EventSink {
 public:
  // As LineSink's.
  EventLines(int descriptor, std::string name, const StopDescriptor* stop = nullptr)
      : sink_(descriptor, std::move(name), stop) {}

  base::Result<void> Take(const frame::Event& event) override {
    line_.clear();
    frame::Event told = event;
    told.has_snapshot = false;  // no service keeps it
    frame::AppendEventJson(told, line_);
    return sink_.WriteLine(line_);
  }
  base::Result<void> Flush() override { return sink_.Flush(); }

 private:
  LineSink sink_;
  std::string line_;
};

}  // namespace sampleproc::files
