#include "telemetry/conditions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

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

// Behind the last reason of a condition that flaps.
constexpr std::string_view kWatched =
    "; it works again, and is watched until it has for 10 s, as it had failed again within 10 s";

}  // namespace

bool condition::IsOfConsumer(std::string_view name) {
  const auto* const kind = std::ranges::find(kKinds, name, &Kind::name);
  return kind != kKinds.end() && kind->of_consumer;
}

std::size_t Conditions::CountOf(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(entries_, [name](const auto& entry) {
    return entry.first.first == name && !entry.second.HasEnded();
  }));
}

std::size_t Conditions::ToldOf(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(entries_, [name](const auto& entry) {
    return entry.first.first == name && !entry.second.HasEnded() && entry.second.told;
  }));
}

// The entry of a condition that begins or goes on; null when there is no room for it.
Conditions::Entry* Conditions::Find(std::string_view name, std::string_view subject) {
  const base::MonoTime now = clock_.Now();
  const auto known = entries_.find(KeyView(name, subject));
  if (known == entries_.end()) {
    const auto is_of_name = [name](const auto& each) { return each.first.first == name; };
    if (std::ranges::count_if(entries_, is_of_name) >= std::ptrdiff_t{kMostCounted}) {
      const auto ended = std::ranges::find_if(entries_, [is_of_name](const auto& each) {
        return is_of_name(each) && each.second.HasEnded();
      });
      if (ended == entries_.end()) return nullptr;
      entries_.erase(ended);
    }
    return &entries_.emplace(Key{name, subject}, Entry{.reason = {}, .since = now}).first->second;
  }
  Entry& entry = known->second;
  if (entry.HasEnded()) {
    entry.again = now - entry.cleared < kSoon;
    entry.since = now;
    entry.told = false;
  }
  entry.state = State::kLasts;
  return &entry;
}

// Whether it is to be told now: it is new, or there is room again.
bool Conditions::Begin(std::string_view name, std::string_view subject, std::string_view reason) {
  std::string kept(reason);
  const base::MutexLock lock(mutex_);
  Entry* const entry = Find(name, subject);
  if (entry == nullptr) return false;
  entry->reason = std::move(kept);
  if (entry->told || ToldOf(name) >= kMostSubjects) return false;
  entry->told = true;
  return true;
}

void Conditions::Raise(std::string_view name, std::string_view subject, std::string_view reason) {
  if (!Begin(name, subject, reason)) return;
  log_.Warning("condition begins", {{"condition", name}, {"subject", subject}, {"reason", reason}});
}

void Conditions::TellEnd(std::string_view name, std::string_view subject, const Entry& entry,
                         base::MonoTime end) noexcept {
  if (!entry.told) return;
  log_.Info("condition ends",
            {{"condition", name},
             {"subject", subject},
             {"reason", std::string_view(entry.reason)},
             {"lasted_s", std::chrono::duration<double>(end - entry.since).count()}});
}

void Conditions::Clear(std::string_view name, std::string_view subject) noexcept {
  const base::MonoTime now = clock_.Now();
  Entry ended;
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(KeyView(name, subject));
    if (found == entries_.end() || found->second.state != State::kLasts) return;
    Entry& entry = found->second;
    entry.cleared = now;
    entry.state = entry.again ? State::kFlaps : State::kEnded;
    if (entry.again) return;
    ended = std::exchange(entry, Entry{.reason = {}, .since = {}, .state = State::kEnded});
    entry.cleared = now;
  }
  TellEnd(name, subject, ended, now);
}

void Conditions::Forget(std::string_view name, std::string_view subject) noexcept {
  decltype(entries_)::node_type gone;
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(KeyView(name, subject));
    if (found == entries_.end()) return;
    gone = entries_.extract(found);
  }
  if (!gone.mapped().HasEnded()) TellEnd(name, subject, gone.mapped(), clock_.Now());
}

void Conditions::Sweep() noexcept {
  const base::MonoTime now = clock_.Now();
  for (;;) {
    decltype(entries_)::node_type gone;
    {
      const base::MutexLock lock(mutex_);
      const auto found = std::ranges::find_if(entries_, [now](const auto& each) {
        return each.second.state != State::kLasts && now - each.second.cleared >= kSoon;
      });
      if (found == entries_.end()) return;
      gone = entries_.extract(found);
    }
    const Entry& entry = gone.mapped();
    if (!entry.HasEnded()) TellEnd(gone.key().first, gone.key().second, entry, entry.cleared);
  }
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
      if (key.first != name || entry.HasEnded()) continue;
      if (entry.told) {
        const std::string_view watched = entry.state == State::kFlaps ? kWatched : "";
        all.push_back({name, key.second, entry.reason + std::string(watched), now - entry.since});
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
