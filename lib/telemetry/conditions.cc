#include "telemetry/conditions.h"

#include <algorithm>
#include <array>
#include <string>

namespace sampleproc::telemetry {
namespace {

struct Kind {
  std::string_view name;
  bool of_consumer = false;
};

constexpr std::array kKinds = {
    Kind{condition::kSourceUnreachable, true},
    Kind{condition::kSourceUnhealthy, true},
    Kind{condition::kSourceSilent, true},
    Kind{condition::kPixelHost, true},
    Kind{condition::kNoPixels, true},
    Kind{condition::kSettlementRefused, true},
    Kind{condition::kSettlementUnanswered, true},
    Kind{condition::kEntryStuck, true},
    Kind{condition::kSink, true},
    Kind{condition::kSpool, true},
    Kind{condition::kOrchestrator, true},
    Kind{condition::kOldFrames, true},
    Kind{condition::kFramesDropped, true},
    Kind{condition::kCameraPlaces},
    Kind{condition::kDetector},
    Kind{condition::kCamera},
    Kind{condition::kCameraRate},
    Kind{condition::kHistory},
    Kind{condition::kSnapshots},
    Kind{condition::kClips},
    Kind{condition::kMqtt},
    Kind{condition::kLog},
};

}  // namespace

bool condition::IsOfConsumer(std::string_view name) {
  const auto* const kind = std::ranges::find(kKinds, name, &Kind::name);
  return kind != kKinds.end() && kind->of_consumer;
}

std::size_t Conditions::CountOf(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [name](const auto& entry) { return entry.first.first == name; }));
}

std::size_t Conditions::ToldOf(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(entries_, [name](const auto& entry) {
    return entry.first.first == name && entry.second.told;
  }));
}

// Whether it is to be told now: it is new, or there is room again.
bool Conditions::Begin(std::string_view name, std::string_view subject, std::string_view reason) {
  const base::MutexLock lock(mutex_);
  auto found = entries_.find(KeyView(name, subject));
  if (found == entries_.end()) {
    if (CountOf(name) >= kMostCounted) return false;
    found = entries_.emplace(Key{name, subject}, Entry{{}, clock_.Now()}).first;
  }
  Entry& entry = found->second;
  entry.reason = reason;
  if (entry.told || ToldOf(name) >= kMostSubjects) return false;
  entry.told = true;
  return true;
}

void Conditions::Raise(std::string_view name, std::string_view subject, std::string_view reason) {
  if (!Begin(name, subject, reason)) return;
  log_.Warning("condition begins", {{"condition", name}, {"subject", subject}, {"reason", reason}});
}

void Conditions::Clear(std::string_view name, std::string_view subject) noexcept {
  double lasted = 0;
  bool told = false;
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(KeyView(name, subject));
    if (found == entries_.end()) return;
    lasted = std::chrono::duration<double>(clock_.Now() - found->second.since).count();
    told = found->second.told;
    entries_.erase(found);
  }
  if (!told) return;
  log_.Info("condition ends", {{"condition", name}, {"subject", subject}, {"lasted_s", lasted}});
}

std::vector<Condition> Conditions::List() const {
  const base::MutexLock lock(mutex_);
  const base::MonoTime now = clock_.Now();
  std::vector<Condition> all;
  for (const Kind& kind : kKinds) {
    const std::string_view name = kind.name;
    std::size_t more = 0;
    base::MonoTime since = now;
    for (const auto& [key, entry] : entries_) {
      if (key.first != name) continue;
      if (entry.told) {
        all.push_back({name, key.second, entry.reason, now - entry.since});
      } else {
        ++more;
        since = std::min(since, entry.since);
      }
    }
    if (more == 0) continue;
    const std::string number = std::to_string(more);
    all.push_back({name, "(" + number + " more)",
                   number + " more are not told apart: only " + std::to_string(kMostSubjects) +
                       " of a kind are listed and logged",
                   now - since});
  }
  std::ranges::stable_sort(all, {}, &Condition::name);
  return all;
}

std::vector<std::pair<std::string_view, std::size_t>> Conditions::Counts() const {
  const base::MutexLock lock(mutex_);
  std::vector<std::pair<std::string_view, std::size_t>> counts;
  for (const Kind& kind : kKinds) counts.emplace_back(kind.name, CountOf(kind.name));
  return counts;
}

}  // namespace sampleproc::telemetry
