// The events of all inputs in one order.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "files/event_sink.h"
#include "files/record.h"
#include "frame/event.h"

namespace sampleproc::files {

// Hands events out in the order of the inputs, whatever the number of threads: those of each frame
// with its record, and what ends with an input before the first of the next one. Write and Finish
// are for one thread at a time; InputEnded may be called beside them.
class EventWriter {
 public:
  // The sinks must outlive the writer.
  explicit EventWriter(std::vector<EventSink*> sinks) : sinks_(std::move(sinks)) {}

  // The input's camera has no more frames. Call it before a record of a later input is written.
  void InputEnded(std::uint64_t input, std::vector<frame::Event> events);

  base::Result<void> Write(const Record& record);

  // Behind the last record: what the inputs left, and then `rest`.
  base::Result<void> Finish(const std::vector<frame::Event>& rest);

 private:
  base::Result<void> WriteEnded(std::uint64_t before_input);
  base::Result<void> WriteAll(const std::vector<frame::Event>& events);

  const std::vector<EventSink*> sinks_;
  base::Mutex mutex_;
  std::map<std::uint64_t, std::vector<frame::Event>> ended_ GUARDED_BY(mutex_);  // by input
};

}  // namespace sampleproc::files
