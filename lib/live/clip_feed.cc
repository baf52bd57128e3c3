#include "live/clip_feed.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/bytes.h"
#include "codec/jpeg_markers.h"

namespace sampleproc::live {
namespace {

constexpr std::string_view kJpegBegin = "\xFF\xD8";
constexpr int kMostScans = 1000;  // whoever decodes it has a limit of his own

}  // namespace

ClipFeed::ClipFeed(std::string camera_id, const frame::CameraPtr& camera, history::Clips* clips)
    : camera_id_(std::move(camera_id)),
      clips_(std::ranges::count(camera->settings().pipeline, "track") > 0 ? clips : nullptr) {}

bool ClipFeed::Hold(const cameras::Shot& shot, base::WallTime came) const noexcept {
  if (clips_ == nullptr || !base::AsText(shot.encoded).starts_with(kJpegBegin)) return false;
  try {
    const auto header = codec::WalkJpegMarkers(shot.encoded, kMostScans);
    if (!header) return false;
    const auto time =
        std::chrono::duration_cast<std::chrono::microseconds>(came.time_since_epoch());
    clips_->Add({.camera_id = camera_id_,
                 .jpeg = shot.encoded,
                 .width = static_cast<int>(header->width),
                 .height = static_cast<int>(header->height),
                 .taken = time,
                 .came = time});
    return true;
  } catch (const std::exception&) {  // no memory
    clips_->Miss();
    return true;
  }
}

}  // namespace sampleproc::live
