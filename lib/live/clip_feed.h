// What a camera sends, for clips of its events.
#pragma once

#include <string>

#include "base/clock.h"
#include "cameras/picture_source.h"
#include "frame/camera.h"
#include "history/clips.h"

namespace sampleproc::live {

// Thread-safe. `clips` must outlive it; null: nobody keeps any.
class ClipFeed {
 public:
  ClipFeed(std::string camera_id, const frame::CameraPtr& camera, history::Clips* clips);

  // Whether pictures that nobody looks at are wanted, too: events are made of this camera.
  bool Wants() const { return clips_ != nullptr; }

  // Holds a JPEG as it came, at this time. False for what is none: it may be made of its pixels.
  bool Hold(const cameras::Shot& shot, base::WallTime came) const noexcept;

 private:
  const std::string camera_id_;
  history::Clips* const clips_;  // null: nothing is wanted
};

}  // namespace sampleproc::live
