#include "process/camera_counts.h"

#include <algorithm>
#include <iterator>

#include "net/redact.h"

namespace sampleproc::process {

void CameraCounts::Completed(const std::string& camera) {
  const base::MutexLock lock(mutex_);
  ++CountsOf(net::ShownId(camera)).completed;
}

void CameraCounts::Failed(const std::string& camera, std::string_view type) {
  const base::MutexLock lock(mutex_);
  Counts& counts = CountsOf(net::ShownId(camera));
  auto found = counts.failed.find(type);
  if (found == counts.failed.end()) found = counts.failed.emplace(type, 0).first;
  ++found->second;
}

CameraCounts::Counts& CameraCounts::CountsOf(const std::string& camera) {
  const base::MonoTime now = clock_.Now();
  // A camera of that name shares the series, which belongs to all of them.
  if (camera != kOther) {
    Counts gone;
    const auto is_configured = [&] { return is_configured_ && is_configured_(camera); };
    if (auto* const place = places_.Take(camera, now, is_configured, gone)) {
      ++place->frames;
      place->last = now;
      place->value.camera = camera;
      return place->value;
    }
  }
  other_.camera = kOther;
  return other_;
}

void CameraCounts::Reconfigured() {
  const base::MutexLock lock(mutex_);
  places_.Reserve([this](const std::string& id) { return is_configured_ && is_configured_(id); });
}

void CameraCounts::ForgetIdle() {
  const base::MonoTime now = clock_.Now();
  auto& all = places_.all();
  for (auto place = all.begin(); place != all.end();) {
    const bool idle = !place->second.reserved && now - place->second.last > kRemembered;
    place = idle ? places_.Erase(place) : std::next(place);
  }
}

std::vector<CameraCounts::Counts> CameraCounts::List() {
  std::vector<Counts> list;
  {
    const base::MutexLock lock(mutex_);
    ForgetIdle();
    for (const auto& [id, place] : places_.all()) list.push_back(place.value);
    if (!other_.camera.empty()) list.push_back(other_);
  }
  std::ranges::sort(list, {}, &Counts::camera);
  return list;
}

}  // namespace sampleproc::process
