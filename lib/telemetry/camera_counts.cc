#include "telemetry/camera_counts.h"

#include <iterator>
#include <utility>

#include "net/redact.h"

namespace sampleproc::telemetry {

using prometheus::BuildCounter;

CameraCounts::CameraCounts(prometheus::Registry& registry, const base::Clock& clock,
                           std::function<bool(const std::string&)> is_configured)
    : completed_(BuildCounter()
                     .Name("sampleproc_camera_frames_total")
                     .Help("Frames with a result, by camera; of cameras that are not configured 64 "
                           "have series of their own, the rest is _other.")
                     .Register(registry)),
      failed_(BuildCounter()
                  .Name("sampleproc_camera_frame_failures_total")
                  .Help("Frames without a result, by camera and the type of the error.")
                  .Register(registry)),
      clock_(clock),
      is_configured_(std::move(is_configured)) {}

void CameraCounts::Completed(const std::string& camera) {
  const base::MutexLock lock(mutex_);
  CountsOf(net::ShownId(camera)).completed->Increment();
}

void CameraCounts::Failed(const std::string& camera, std::string_view type) {
  const base::MutexLock lock(mutex_);
  Counts& counts = CountsOf(net::ShownId(camera));
  auto found = counts.failed.find(type);
  if (found == counts.failed.end()) {
    const std::string name(type);
    found = counts.failed
                .emplace(name, Series(&failed_.Add({{"camera", counts.label}, {"type", name}}),
                                      Remover{&failed_}))
                .first;
  }
  found->second->Increment();
}

CameraCounts::Counts& CameraCounts::CountsOf(const std::string& camera) {
  const base::MonoTime now = clock_.Now();
  Counts* counts = &other_;
  Counts gone;
  // A camera of that name shares the series, which belongs to all of them.
  if (camera != kOther) {
    const auto is_configured = [&] { return is_configured_ && is_configured_(camera); };
    if (auto* const place = places_.Take(camera, now, is_configured, gone)) {
      ++place->frames;
      place->last = now;
      counts = &place->value;
    }
  }
  if (!counts->completed) {
    counts->label = counts == &other_ ? std::string(kOther) : camera;
    counts->completed = Series(&completed_.Add({{"camera", counts->label}}), Remover{&completed_});
  }
  return *counts;
}

void CameraCounts::Reconfigured() {
  const base::MutexLock lock(mutex_);
  places_.Reserve([this](const std::string& id) { return is_configured_ && is_configured_(id); });
}

void CameraCounts::ForgetIdle() {
  const base::MonoTime now = clock_.Now();
  const base::MutexLock lock(mutex_);
  auto& all = places_.all();
  for (auto place = all.begin(); place != all.end();) {
    const bool idle = !place->second.reserved && now - place->second.last > kRemembered;
    place = idle ? places_.Erase(place) : std::next(place);
  }
}

}  // namespace sampleproc::telemetry
