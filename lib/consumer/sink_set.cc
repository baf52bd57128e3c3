#include "consumer/sink_set.h"

#include <algorithm>

namespace sampleproc::consumer {

void SinkSet::Take(const ResultRecord& record) const {
  for (const auto& sink : sinks_) sink->Take(record);
}

std::uint64_t SinkSet::Flush(const base::Deadline& end) const {
  std::uint64_t left = 0;
  for (const auto& sink : sinks_) {
    sink->Flush(end);
    left = std::max(left, sink->counts().held());
  }
  return left;
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
