// The last picture of cameras that are looked at, as small JPEGs.
//
// Nobody looks most of the time, so none is made ahead: each time one is asked for, one is made of
// the camera's next frame. Who asks waits for that, unless the last one is a second old at most, or
// no frame has come since. So a picture costs what it is asked for, and many viewers of one camera
// cost as much as one. Of a frame both kinds are made, with boxes and without, so that who asks for
// the other kind has it however long the next frame takes. A camera has one of each at most, which
// are given up when nobody has asked for kWanted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "resources/memory_budget.h"

namespace sampleproc::cameras {

struct Still {
  std::string jpeg;
  bool annotated = false;    // boxes are drawn on it
  std::uint64_t number = 0;  // no other picture has it, not even one of another run
  base::MonoTime made{};
  base::WallTime made_wall{};
  resources::Reservation memory = {};  // of the JPEG
};

using StillPtr = std::shared_ptr<const Still>;

// Thread-safe. What it is given of the budget must go before the budget does.
class Stills {
 public:
  static constexpr std::chrono::milliseconds kFresh{900};
  static constexpr std::chrono::milliseconds kPatience{2'000};  // for the next frame
  static constexpr std::chrono::milliseconds kLive{5'000};
  static constexpr std::chrono::milliseconds kWanted{30'000};
  static constexpr std::size_t kMostCameras = 1'024;
  static constexpr std::size_t kMostWaiting = 256;

  // Takes the answer, once, in any thread: null when there is no picture. Must not throw.
  using Deliver = std::move_only_function<void(StillPtr)>;

  // Both must outlive it.
  Stills(resources::MemoryBudget& budget, const base::Clock& clock);
  ~Stills() { Close(); }

  // The camera's picture, with its boxes or without. `age` is that of its last frame, absent when
  // none has come: a camera that is silent for kLive is not waited for. Who has waited for
  // kPatience gets the older picture, or null.
  void Ask(const std::string& camera_id, bool annotated,
           std::optional<std::chrono::nanoseconds> age, Deliver deliver);

  // Whether a picture is wanted of any camera. Costs nothing.
  bool AnyWanted() const { return wanted_.load(std::memory_order_relaxed) > 0; }

  // Which pictures are wanted of the camera's next frame.
  struct Wants {
    bool plain = false;
    bool annotated = false;

    bool Any() const { return plain || annotated; }
    bool& Of(bool with_boxes) { return with_boxes ? annotated : plain; }
  };
  Wants WantedOf(const std::string& camera_id) const;

  // The picture of a frame; who waits for this kind gets it. Without memory for it they get what
  // there is.
  void Put(const std::string& camera_id, bool annotated, std::string jpeg);

  // None can be made of a frame: who waits for one gets what there is, and nobody tries again until
  // one is asked for.
  void GiveUp(const std::string& camera_id);

  // Ends waits that have been long enough, and gives up what nobody asks for. Every second or so.
  void LookAfter();

  // All waits end, and nobody waits any more.
  void Close();

 private:
  struct Waiting {
    bool annotated;
    base::MonoTime since;
    Deliver deliver;
  };
  struct Camera {
    StillPtr plain;
    StillPtr annotated;
    base::MonoTime asked{};  // last
    Wants wants;
    std::vector<Waiting> waiting;
  };
  using Cameras = std::unordered_map<std::string, Camera>;
  // What is to be told once the lock is released.
  struct Answer {
    Deliver deliver;
    StillPtr still;
  };
  using Answers = std::vector<Answer>;

  Camera* CameraOf(const std::string& id, base::MonoTime now) REQUIRES(mutex_);
  template <typename Ends>
  void End(Camera& camera, const Ends& ends, Answers& answers) REQUIRES(mutex_);
  void Want(Camera& camera, const Wants& wants) REQUIRES(mutex_);
  Cameras::iterator Erase(Cameras::iterator camera) REQUIRES(mutex_);
  static StillPtr& Held(Camera& camera, bool annotated);
  void Settle(Camera& camera, bool annotated, Answers& answers) REQUIRES(mutex_);
  static void Tell(Answers answers) noexcept;

  resources::MemoryBudget& budget_;
  const base::Clock& clock_;
  std::atomic<std::size_t> wanted_ = 0;  // cameras; written under the lock
  mutable base::Mutex mutex_;
  Cameras cameras_ GUARDED_BY(mutex_);
  std::size_t waiting_ GUARDED_BY(mutex_) = 0;
  std::uint64_t next_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace sampleproc::cameras
