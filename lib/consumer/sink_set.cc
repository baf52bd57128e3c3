#include "consumer/sink_set.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "consumer/record_log.h"

namespace sampleproc::consumer {
namespace {

// For a delivery that is under way to be cut off; one to a disk that hangs does not end.
constexpr std::chrono::milliseconds kCutOff{250};

}  // namespace

void SinkSet::Take(const ResultRecord& record, base::Logger& log) const noexcept {
  if (!(record.is_event() ? delivered_.events : TakesResults(record.by_http))) return;
  for (const auto& sink : sinks_) {
    try {
      sink->Take(record);
    } catch (const std::exception& error) {
      RecordLog(record, log)
          .Error(
              record.is_event() ? "an event did not reach a sink" : "a result did not reach a sink",
              {{"sink", sink->name()}, {"error", std::string_view(error.what())}});
    }
  }
}

void SinkSet::Hurry() const {
  for (const auto& sink : sinks_) sink->Hurry();
}

std::vector<SinkSet::Left> SinkSet::Flush(const base::Deadline& end) const {
  Hurry();  // all of them, while the first is waited for
  std::vector<Left> left;
  for (const auto& sink : sinks_) sink->Flush(end);
  AwaitEnd(base::Deadline(base::SystemClock(), kCutOff));
  for (const auto& sink : sinks_) {
    if (const std::uint64_t held = sink->counts().held(); held > 0) {
      const std::uint64_t again = std::min(held, sink->HeldForAgain());
      left.push_back({sink->name(), held - again, again});
    }
  }
  return left;
}

std::string_view SinkSet::AwaitEnd(const base::Deadline& end) const {
  for (const auto& sink : sinks_) sink->Close(base::Deadline(base::SystemClock(), {}));
  std::string_view first;
  for (const auto& sink : sinks_) {
    if (!sink->Close(end) && first.empty()) first = sink->name();
  }
  return first;
}

void SinkSet::Look() const {
  for (const auto& sink : sinks_) sink->Look();
}

std::uint64_t SinkSet::Lost() const {
  std::uint64_t lost = 0;
  for (const auto& sink : sinks_) {
    const SinkCounts counts = sink->counts();
    lost += counts.lost - counts.lost_later;
  }
  return lost;
}

bool SinkSet::Losing() const {
  return std::ranges::any_of(sinks_, [](const auto& sink) { return sink->counts().losing; });
}

SinkSet::Mark SinkSet::Taken() const {
  Mark mark(sinks_.size());
  NoteTaken(mark);
  return mark;
}

void SinkSet::NoteTaken(Mark& mark) const noexcept {
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    const SinkCounts counts = sinks_[i]->counts();
    mark[i] = counts.taken - (counts.lost - counts.lost_later);
  }
}

bool SinkSet::Through(const Mark& mark) const {
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    const SinkCounts counts = sinks_[i]->counts();
    if (counts.ended() < mark[i]) return false;
  }
  return true;
}

}  // namespace sampleproc::consumer
