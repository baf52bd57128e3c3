#include "consumer/dropped_cameras.h"

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

namespace sampleproc::consumer {
namespace {

constexpr std::string_view kName = telemetry::condition::kFramesDropped;

std::string_view SubjectOf(const std::optional<std::string>& camera) {
  return camera ? std::string_view(*camera) : std::string_view();
}

}  // namespace

std::string DroppedCameras::WhyDropped(const Drops& drops) {
  const auto [why, waited] = std::pair(drops.why, drops.waited);
  if (why == DroppedFor::kError) {
    return "not one of its frames can be done (the last one: " + std::string(drops.error) +
           "; lines \"a pulled frame cannot be done\" say what is wrong with them)";
  }
  if (why == DroppedFor::kNoPixels) {
    return "not one of its frames has pixels where they are looked for (lines \"a pulled frame has "
           "no "
           "pixels\" say where): their sender has to put them there and keep them until the frames "
           "are pulled";
  }
  if (waited == WaitedFor::kNothing) {
    return "every frame is older than its max_age when it comes: the source holds old frames, or "
           "the clock of whoever dates them is wrong";
  }
  const bool age = why == DroppedFor::kAge;
  std::string reason = age ? "every frame is older than its max_age before "
                           : "every frame is dropped for a newer one before ";
  reason += waited == WaitedFor::kPixels ? "its pixels are fetched: " : "a worker is free: ";
  reason += waited == WaitedFor::kPixels
                ? "their host is too slow or away, or consumer.fetches are too few"
                : "add workers or instances, or make frames cheaper";
  return age ? reason + "; or raise max_age" : reason;
}

void DroppedCameras::Dropped(const std::optional<std::string>& camera, DroppedFor why,
                             WaitedFor waited, base::MonoTime now) noexcept {
  Count(camera, {.why = why, .waited = waited}, now);
}

void DroppedCameras::Failed(const std::optional<std::string>& camera, std::string_view error,
                            base::MonoTime now) noexcept {
  Count(camera, {.why = DroppedFor::kError, .error = error}, now);
}

void DroppedCameras::Count(const std::optional<std::string>& camera, const Drops& what,
                           base::MonoTime now) noexcept {
  try {
    auto found = cameras_.find(SubjectOf(camera));
    if (found == cameras_.end()) {
      if (cameras_.size() >= kMost) return;
      found = cameras_.emplace(SubjectOf(camera), Drops{.first = now}).first;
    }
    Drops& drops = found->second;
    drops.last = now;
    drops.count = std::min(drops.count + 1, kFewest);
    drops.why = what.why;
    drops.waited = what.waited;
    drops.error = what.error;
  } catch (const std::exception&) {
    return;
  }
}

void DroppedCameras::Kept(const std::optional<std::string>& camera) noexcept {
  const auto found = cameras_.find(SubjectOf(camera));
  if (found == cameras_.end()) return;
  conditions_.Clear(kName, found->first);
  cameras_.erase(found);
}

void DroppedCameras::Look(base::MonoTime now) {
  if (now < next_look_) return;
  next_look_ = now + std::chrono::seconds(1);
  for (auto next = cameras_.begin(); next != cameras_.end();) {
    const auto camera = next++;
    const Drops& drops = camera->second;
    if (now - drops.last >= kForgotten) {
      conditions_.Clear(kName, camera->first);
      cameras_.erase(camera);
    } else if (drops.count >= kFewest && drops.last - drops.first >= kTold) {
      conditions_.Raise(kName, camera->first, WhyDropped(drops));
    }
  }
}

}  // namespace sampleproc::consumer
