#include "consumer/sink_set.h"

namespace sampleproc::consumer {

void SinkSet::Take(const ResultRecord& record) const {
  for (const auto& sink : sinks_) sink->Take(record);
}

void SinkSet::Hurry() const {
  for (const auto& sink : sinks_) sink->Hurry();
}

std::vector<SinkSet::Left> SinkSet::Flush(const base::Deadline& end) const {
  Hurry();  // all of them, while the first is waited for
  std::vector<Left> left;
  for (const auto& sink : sinks_) {
    sink->Flush(end);
    if (const std::uint64_t held = sink->counts().held(); held > 0) {
      left.push_back({sink->name(), held});
    }
  }
  return left;
}

void SinkSet::Look() const {
  for (const auto& sink : sinks_) sink->Look();
}

SinkSet::Mark SinkSet::Taken() const {
  Mark mark;
  for (const auto& sink : sinks_) mark.push_back(sink->counts().taken);
  return mark;
}

bool SinkSet::Through(const Mark& mark) const {
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    if (sinks_[i]->counts().settled() < mark[i]) return false;
  }
  return true;
}

}  // namespace sampleproc::consumer
