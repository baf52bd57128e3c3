#include "sim/conditions_check.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace sampleproc::sim {
namespace {

namespace condition = telemetry::condition;

// For so long one that has come and gone is watched before it ends.
constexpr Time kWatched = std::chrono::nanoseconds(telemetry::Conditions::kSoon).count();

// The longest pause after a failure, what a try may take after it, and the watch after that.
constexpr Time kSourceEnds = 20 * kSecond + kWatched;
constexpr Time kProbeEnds = 45 * kSecond + kWatched;
constexpr Time kHostEnds = 75 * kSecond + kWatched;
constexpr Time kSinkEnds = 40 * kSecond + kWatched;
constexpr Time kSpoolEnds = 10 * kSecond + kWatched;
// A fault that has lasted for so long has been noticed and told.
constexpr Time kTold = 15 * kSecond;

// Whether one of those faults is there now, or was within the time before.
bool Any(const World& world, std::initializer_list<FaultKind> kinds, int subject, Time before) {
  return std::ranges::any_of(kinds,
                             [&](FaultKind kind) { return world.Lately(kind, subject, before); });
}

// The number in a subject such as "h2:80" or "sink-1".
int SubjectNumber(const std::string& subject) { return World::NumberOf(subject); }

}  // namespace

void ConditionsCheck::Look(const std::vector<telemetry::Condition>& told,
                           std::optional<Time> failing) {
  for (const telemetry::Condition& each : told) {
    // Without a pull that succeeds nobody knows that it is over.
    if (each.name != condition::kSourceUnreachable || !failing) CheckReason(each);
  }
  if (!failing || world_.now() < *failing + kTold) return;
  const bool lasts = world_.Now(FaultKind::kSourceDown) || world_.Now(FaultKind::kSourceHangs);
  const bool is_told =
      std::ranges::count(told, condition::kSourceUnreachable, &telemetry::Condition::name) > 0;
  if (lasts && !is_told) world_.Fail("the upstream is away, and it is not told");
}

void ConditionsCheck::CheckReason(const telemetry::Condition& told) {
  bool right = true;
  if (world_.Lately(FaultKind::kOutOfMemory, 0, kSinkEnds)) return;
  if (told.name == condition::kSourceUnreachable || told.name == condition::kSourceUnhealthy) {
    right = Any(world_,
                {FaultKind::kSourceDown, FaultKind::kSourceHangs, FaultKind::kRepliesLost,
                 FaultKind::kDiskFull},
                0, told.name == condition::kSourceUnhealthy ? kProbeEnds : kSourceEnds);
  } else if (told.name == condition::kPixelHost && told.subject.starts_with('h')) {
    right = Any(
        world_,
        {FaultKind::kHostDown, FaultKind::kHostHangs, FaultKind::kHostSlow, FaultKind::kHostErrors},
        SubjectNumber(told.subject), kHostEnds);
  } else if (told.name == condition::kPixelHost) {
    right = Any(world_, {FaultKind::kSourceDown, FaultKind::kSourceHangs}, 0, kHostEnds);
  } else if (told.name == condition::kSink) {
    right = Any(world_, {FaultKind::kSinkFails, FaultKind::kSinkHangs, FaultKind::kSinkTwice},
                SubjectNumber(told.subject), kSinkEnds);
  } else if (told.name == condition::kSpool) {
    right = Any(world_, {FaultKind::kDiskFull}, 0, kSpoolEnds);
  } else if (told.name == condition::kSettlementRefused) {
    right = false;  // this stream refuses nothing
  }
  if (right) return;
  world_.Fail("the condition " + std::string(told.name) + " of '" + told.subject +
              "' lasts without a reason: " + told.reason);
}

}  // namespace sampleproc::sim
