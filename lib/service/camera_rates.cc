#include "service/camera_rates.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "frame/frame_result.h"

namespace sampleproc::service {
namespace {

// With fewer pictures than that in kLong one more or less would decide.
constexpr std::uint64_t kFewest = 6;

std::uint64_t Dropped(const cameras::CameraGauges& camera, std::string_view reason) {
  const auto found = camera.dropped.find(reason);
  return found == camera.dropped.end() ? 0 : found->second;
}

}  // namespace

void CameraRates::Take(const std::vector<cameras::CameraGauges>& cameras) {
  const base::MonoTime now = clock_.Now();
  if (last_ && now - *last_ < kSlice) return;
  last_ = now;
  for (auto& [id, camera] : cameras_) camera.is_there = false;
  for (const cameras::CameraGauges& gauges : cameras) {
    Camera& camera = cameras_[gauges.id];
    camera.is_there = true;
    const std::uint64_t too_soon = std::min(Dropped(gauges, frame::kTooSoon), gauges.frames);
    Judge(gauges.id, {gauges.frames - too_soon, gauges.looked_at + Dropped(gauges, "failed")},
          camera);
  }
  std::erase_if(cameras_, [this](const auto& each) {
    if (each.second.is_there) return false;
    conditions_.Forget(telemetry::condition::kCameraRate, each.first);
    return true;
  });
}

void CameraRates::Judge(const std::string& id, const Counts& now, Camera& camera) {
  const Counts begin = camera.ago.front();
  // A reload may have begun to count anew.
  if (now.due < camera.ago.back().due || now.found < camera.ago.back().found) camera.slices = 0;
  const bool is_known = camera.slices >= kSlices;
  std::ranges::rotate(camera.ago, camera.ago.begin() + 1);
  camera.ago.back() = now;
  camera.slices = std::min(camera.slices + 1, kSlices);
  const std::uint64_t due = is_known ? now.due - begin.due : 0;
  const std::uint64_t found = is_known ? now.found - begin.found : 0;
  // Who has just half of them does not begin and end it again and again.
  const bool is_slow = due >= kFewest && (camera.is_slow ? found * 10 < due * 6 : found * 2 < due);
  if (is_slow) {
    conditions_.Raise(telemetry::condition::kCameraRate, id,
                      "of the " + std::to_string(due) + " pictures of the last " +
                          std::to_string(kLong.count()) + " s that were due only " +
                          std::to_string(found) +
                          " found a worker: lower the fps of cameras, take cheaper steps, or give "
                          "the service more CPUs");
  } else if (camera.is_slow) {
    conditions_.Clear(telemetry::condition::kCameraRate, id);
  }
  camera.is_slow = is_slow;
}

}  // namespace sampleproc::service
