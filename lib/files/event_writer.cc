#include "files/event_writer.h"

#include <iterator>
#include <limits>
#include <utility>

namespace sampleproc::files {

void EventWriter::InputEnded(std::uint64_t input, std::vector<frame::Event> events) {
  if (events.empty()) return;
  const base::MutexLock lock(mutex_);
  std::vector<frame::Event>& ended = ended_[input];
  std::move(events.begin(), events.end(), std::back_inserter(ended));
}

base::Result<void> EventWriter::Write(const Record& record) {
  if (auto written = WriteEnded(record.place.input); !written) return written;
  return WriteAll(record.result ? record.result->events : record.told);
}

base::Result<void> EventWriter::Finish(const std::vector<frame::Event>& rest) {
  auto written = WriteEnded(std::numeric_limits<std::uint64_t>::max());
  if (written) written = WriteAll(rest);
  for (EventSink* const sink : sinks_) {
    if (written) written = sink->Flush();
  }
  return written;
}

base::Result<void> EventWriter::WriteEnded(std::uint64_t before_input) {
  for (;;) {
    std::vector<frame::Event> events;
    {
      const base::MutexLock lock(mutex_);
      const auto first = ended_.begin();
      if (first == ended_.end() || first->first >= before_input) return {};
      events = std::move(first->second);
      ended_.erase(first);
    }
    if (auto written = WriteAll(events); !written) return written;
  }
}

base::Result<void> EventWriter::WriteAll(const std::vector<frame::Event>& events) {
  for (const frame::Event& event : events) {
    for (EventSink* const sink : sinks_) {
      if (auto taken = sink->Take(event); !taken) return taken;
    }
  }
  return {};
}

}  // namespace sampleproc::files
