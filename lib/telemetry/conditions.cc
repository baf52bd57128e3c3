#include "telemetry/conditions.h"

#include <algorithm>
#include <array>

namespace sampleproc::telemetry {
namespace {

constexpr std::array kNames = {
    condition::kSourceUnreachable,
    condition::kSourceUnhealthy,
    condition::kSourceSilent,
    condition::kPixelHost,
    condition::kSettlementRefused,
    condition::kSink,
    condition::kSpool,
    condition::kOrchestrator,
    condition::kOldFrames,
    condition::kCameraPlaces,
};

}  // namespace

std::size_t Conditions::CountOf(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [name](const auto& entry) { return entry.first.first == name; }));
}

// Whether it is new, and is to be told.
bool Conditions::Begin(std::string_view name, std::string_view subject, std::string_view reason) {
  const base::MutexLock lock(mutex_);
  if (const auto found = entries_.find(KeyView(name, subject)); found != entries_.end()) {
    found->second.reason = reason;
    return false;
  }
  if (CountOf(name) >= kMostSubjects) return false;
  entries_.emplace(Key{name, subject}, Entry{std::string(reason), clock_.Now()});
  return true;
}

void Conditions::Raise(std::string_view name, std::string_view subject, std::string_view reason) {
  if (!Begin(name, subject, reason)) return;
  log_.Warning("condition begins", {{"condition", name}, {"subject", subject}, {"reason", reason}});
}

void Conditions::Clear(std::string_view name, std::string_view subject) noexcept {
  double lasted = 0;
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(KeyView(name, subject));
    if (found == entries_.end()) return;
    lasted = std::chrono::duration<double>(clock_.Now() - found->second.since).count();
    entries_.erase(found);
  }
  log_.Info("condition ends", {{"condition", name}, {"subject", subject}, {"lasted_s", lasted}});
}

std::vector<Condition> Conditions::List() const {
  const base::MutexLock lock(mutex_);
  const base::MonoTime now = clock_.Now();
  std::vector<Condition> all;
  for (const auto& [key, entry] : entries_) {
    all.push_back({key.first, key.second, entry.reason, now - entry.since});
  }
  return all;
}

std::vector<std::pair<std::string_view, std::size_t>> Conditions::Counts() const {
  const base::MutexLock lock(mutex_);
  std::vector<std::pair<std::string_view, std::size_t>> counts;
  for (const std::string_view name : kNames) counts.emplace_back(name, CountOf(name));
  return counts;
}

}  // namespace sampleproc::telemetry
