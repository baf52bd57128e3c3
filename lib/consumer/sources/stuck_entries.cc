#include "consumer/sources/stuck_entries.h"

#include <algorithm>

namespace sampleproc::consumer {

using std::chrono::milliseconds;

milliseconds StuckEntries::Lost(const std::string& id, base::MonoTime now) {
  Entry& entry = entries_[id];
  if (++entry.losses < kTries) return milliseconds(0);
  const milliseconds pause =
      std::min(kLongest, kShortest * (1 << std::min(entry.losses - kTries, 10)));
  entry.next_try = now + pause;
  return pause;
}

int StuckEntries::losses(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? 0 : found->second.losses;
}

bool StuckEntries::Forget(const std::string& id) {
  const bool had = Has(id);
  entries_.erase(id);
  return had;
}

std::optional<std::string> StuckEntries::Due(base::MonoTime now) const {
  std::optional<std::string> due;
  base::MonoTime first = now;
  for (const auto& [id, entry] : entries_) {
    if (entry.losses < kTries || entry.next_try > first) continue;
    due = id;
    first = entry.next_try;
  }
  return due;
}

void StuckEntries::Postpone(const std::string& id, base::MonoTime now) {
  if (const auto found = entries_.find(id); found != entries_.end()) {
    found->second.next_try = now + kShortest;
  }
}

}  // namespace sampleproc::consumer
