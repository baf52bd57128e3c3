// The pictures that cameras sent last, held for the clips of what may have begun with them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "frame/camera_time.h"
#include "frame/frame_time.h"
#include "history/clip_layout.h"
#include "history/options.h"
#include "resources/memory_budget.h"

namespace sampleproc::history {

// A picture as it came; it does not change, and clips share it.
struct ClipPicture {
  std::string jpeg;
  ClipTime at{};  // when it was taken, by its camera's frames
  int width = 0;  // as it is stored
  int height = 0;
  base::MonoTime came{};
  resources::Reservation memory;
};
using ClipPicturePtr = std::shared_ptr<const ClipPicture>;

// A picture on its way in, by what its frame says of it.
struct ClipInput {
  const std::string& camera_id;
  base::ByteView jpeg;
  int width = 0;  // as it is stored
  int height = 0;
  std::optional<ClipTime> taken = std::nullopt;  // as frame::CameraTime has them
  std::optional<ClipTime> came = std::nullopt;
};

// Used by one thread at a time, but that pictures may be let go in any.
//
// Of each camera it holds the pictures of the last ClipOptions::before and kTold more, for an event
// is told some frames after it has begun. A camera's pictures take camera_memory at most, all
// together, with those that clips still hold, `memory` less what the largest is beyond; for a new
// picture the oldest of its camera go, and then those that came longest ago, whosever they are. One
// for which there is no room then is not held. With each go kOverhead bytes for what is kept of it.
//
// Pictures stand in the order of their times, whatever the order in which they come. A camera whose
// time begins anew (frame::TimeOrder) begins anew here.
class ClipRing {
 public:
  static constexpr std::chrono::seconds kTold{5};
  static constexpr std::size_t kOverhead = 1024;
  // A camera that has sent nothing for so long, beyond what is held of it, is forgotten; and the
  // one that was silent for the longest for one more than these.
  static constexpr std::chrono::seconds kSilent{60};
  static constexpr std::size_t kMostCameras = 1024;
  // Of a camera whose pictures have to be made for this, none is made sooner after another.
  static constexpr std::chrono::milliseconds kBetweenMade{190};

  // The budget is all that there is for the pictures, and must outlive them.
  ClipRing(const ClipOptions& options, resources::MemoryBudget& memory);

  struct Added {
    ClipPicturePtr picture;  // null: there was no room
    bool anew = false;       // its camera's time has begun anew
  };
  Added Add(const ClipInput& input, base::MonoTime now);

  // Whether a picture is to be made of a frame that has none, by the times of the frames or, where
  // they say none, by those at which they come. To be asked once for a frame.
  bool WantsMade(const std::string& camera_id, std::optional<ClipTime> taken, base::MonoTime now);

  // The camera's pictures from `from` on, by their time.
  std::vector<ClipPicturePtr> From(const std::string& camera_id, ClipTime from) const;

  // Lets go what nothing will be made of any more.
  void Trim(base::MonoTime now);

  std::size_t cameras() const { return cameras_.size(); }

 private:
  struct Camera {
    std::deque<ClipPicturePtr> pictures;  // by their time
    std::size_t bytes = 0;
    frame::CameraTime time;
    frame::TimeOrder order;
    base::MonoTime came{};           // the last one
    std::optional<ClipTime> made{};  // that the last one was, by either clock
  };

  Camera& CameraOf(const std::string& id, base::MonoTime now);
  static std::size_t CostOf(std::size_t jpeg_bytes) { return jpeg_bytes + kOverhead; }
  static void LetGo(Camera& camera, const std::deque<ClipPicturePtr>::iterator& picture);
  bool LetGoOldest();
  std::optional<resources::Reservation> Room(Camera& camera, std::size_t bytes);

  const std::chrono::milliseconds span_;
  const std::size_t camera_memory_;
  resources::MemoryBudget& memory_;
  std::map<std::string, Camera> cameras_;
};

}  // namespace sampleproc::history
