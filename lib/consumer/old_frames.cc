#include "consumer/old_frames.h"

#include <algorithm>

namespace sampleproc::consumer {
namespace {

using std::chrono::nanoseconds;

std::string Seconds(nanoseconds age) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count()) + " s";
}

}  // namespace

nanoseconds OldestAge(std::span<const Delivery> pulled, base::WallTime now) {
  nanoseconds oldest{0};
  for (const Delivery& each : pulled) {
    const auto taken = TakenAt(each);
    if (taken) oldest = std::max(oldest, nanoseconds(now - *taken));
  }
  return oldest;
}

std::string OldFramesReason(nanoseconds waiting, nanoseconds pulled, bool by_us) {
  const std::string ages = "the oldest waiting frame is " + Seconds(waiting) +
                           " old; those of the "
                           "last pull were up to " +
                           Seconds(pulled) + " old when they came: ";
  // More than half of the age is from before the pull.
  if (pulled > waiting / 2 && by_us) {
    return ages +
           "more wait at the source than can be worked on: frames come faster; for live cameras "
           "set consumer.policy = \"latest\" and "
           "consumer.max_age";
  }
  if (pulled > waiting / 2) {
    return ages +
           "the source holds old frames, or the clock of whoever dates them is wrong; "
           "consumer.max_age drops what is too old";
  }
  return ages +
         "frames wait here, because they come faster than they are worked on or because "
         "what they need is away; for live cameras set consumer.policy = \"latest\" and "
         "consumer.max_age";
}

void OldFrames::Look(const Ages& ages, base::MonoTime now) {
  if (ages.waiting > kOld) {
    conditions_.Raise(telemetry::condition::kOldFrames, {},
                      OldFramesReason(ages.waiting, ages.pulled, ages.by_us));
    last_old_ = now;
  }
  if (!last_old_) return;
  if (ages.waiting > kYoung) last_old_ = now;
  if (ages.pulled > kYoung && ages.last_pull) last_old_ = std::max(*last_old_, *ages.last_pull);
  if (now - *last_old_ < kSteady) return;
  last_old_.reset();
  conditions_.Clear(telemetry::condition::kOldFrames);
}

}  // namespace sampleproc::consumer
