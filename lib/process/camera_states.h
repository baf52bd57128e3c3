// What the service remembers of each camera between its frames, for each step that remembers: the
// background that the motion step compares with, the tracks. One object for all workers.
//
// The number of cameras and their memory are bounded (frame/camera_places.h). Configured cameras
// have places of their own. Who finds no room is refused until there is some, and that is said.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "frame/camera_places.h"
#include "frame/event.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// Thread-safe. The budget must outlive it.
class CameraStates {
 public:
  // What a step derives its state from.
  class State {
   public:
    virtual ~State() = default;
    // The camera has no more frames: what is still to be told of it, for this reason (a constant's
    // text). The state is dropped after that.
    virtual std::vector<frame::Event> Finish(std::string_view /*reason*/) { return {}; }
  };

  // Why a camera has no state, as the stable words that a record's `skipped` has.
  static constexpr std::string_view kMaxCameras = "max_cameras";
  static constexpr std::string_view kNoMemory = "no_memory";

  // Called once for each camera that is refused (the first 1024 of them), in a worker's thread and
  // under the object's lock.
  using OnRefused = std::function<void(std::string_view camera_id, std::string_view reason)>;

  // Called with what is still to be told of a state that goes because its camera's place goes to
  // another camera, or is idle; in any thread. It must not throw.
  using OnLeft = std::function<void(const std::vector<frame::Event>&)>;

  struct Counts {
    std::size_t cameras = 0;           // that have a state
    std::size_t refused_cameras = 0;   // that were refused at least once; counted up to 1024
    std::uint64_t refused_frames = 0;  // whose camera was refused
  };

  struct Settings {
    int max_cameras = 64;
    // These have their places, which are of the `max_cameras`; more than that are as many places.
    std::vector<std::string> reserved = {};
    // Whose places are beside the `max_cameras`: asked of each camera that comes, under the
    // object's lock, so it must not call this object. Empty: nobody's.
    std::function<bool(const std::string& camera_id)> is_configured = {};
    // A known camera without a frame for so long gives its place to who comes.
    std::chrono::milliseconds idle{60'000};
    OnLeft on_left = {};
  };

  // The clock must outlive it.
  CameraStates(const Settings& settings, resources::MemoryBudget& budget, const base::Clock& clock,
               OnRefused on_refused = {});
  // Places are kept whatever the time, so that what is found does not depend on it: for files.
  CameraStates(int max_cameras, resources::MemoryBudget& budget, OnRefused on_refused = {});
  CameraStates(const CameraStates&) = delete;
  CameraStates& operator=(const CameraStates&) = delete;

 private:
  struct Slot {
    base::Mutex mutex;
    bool gone GUARDED_BY(mutex) = false;  // it is nobody's state any more
    std::uint64_t shape GUARDED_BY(mutex) = 0;
    resources::Reservation memory GUARDED_BY(mutex);
    std::unique_ptr<State> state GUARDED_BY(mutex);
  };

 public:
  // A camera's state, nobody else's for as long as this exists. The order of a camera's frames is
  // CameraTurns' business; the lock in here keeps apart what has no common order. Clang cannot
  // follow a lock that is moved.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis) {
      if (slot_ != nullptr) slot_->mutex.Unlock();
    }

    State& state() SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis) { return *slot_->state; }

    // What was still to be told of the state before this one, which was of another shape.
    std::vector<frame::Event> TakeLeft() { return std::exchange(left_, {}); }

   private:
    friend class CameraStates;
    explicit Lease(std::shared_ptr<Slot> slot)
        SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis)
        : slot_(std::move(slot)) {
      slot_->mutex.Lock();
    }

    bool gone() const SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis) {
      return slot_->gone;
    }

    std::shared_ptr<Slot> slot_;  // null once moved from
    std::vector<frame::Event> left_;
  };

  // The state that a camera is to have.
  struct Wanted {
    std::uint64_t shape;  // a state of another shape is dropped and made anew
    std::size_t bytes;    // reserved before `make` is called, for as long as the state lives
    const std::function<std::unique_ptr<State>()>& make;
    std::string_view step = "";  // whose state it is; each has one of its own
    bool tells = false;          // State::Finish may tell something
  };

  // The camera's state, made when it has none of this shape; or why it gets none: kMaxCameras or
  // kNoMemory. What `make` throws passes through and leaves the camera without a state.
  std::expected<Lease, std::string_view> Use(std::string_view camera_id, const Wanted& wanted);

  // Drops the camera's states and makes room for another camera; for one whose frames have ended.
  // Call it after the last of them. Gives what the states had still to tell.
  std::vector<frame::Event> Forget(std::string_view camera_id,
                                   std::string_view reason = frame::Event::kSourceEnd);

  // The same of all cameras, in the order of their ids.
  std::vector<frame::Event> ForgetAll(std::string_view reason = frame::Event::kSourceEnd);

  // Other cameras are configured than before. A camera that no longer is loses its place.
  void Reconfigured();

  // Drops the states that may have something to tell of cameras without a frame for `idle`, and
  // tells it. Call it now and then.
  void TellIdle();

  Counts counts() const;

  // Whether a camera has been refused within the last kCrowdedFor.
  static constexpr std::chrono::seconds kCrowdedFor{10};
  bool Crowded() const;

 private:
  struct Used {
    std::shared_ptr<Slot> slot;
    bool tells = false;
    std::uint64_t frames = 0;
    base::MonoTime last{};  // frame
  };
  using Uses = std::map<std::string, Used, std::less<>>;  // by step
  std::shared_ptr<Slot> Find(std::string_view camera_id, const Wanted& wanted);
  void Drop(std::string_view camera_id, std::string_view step);
  static void Finish(const Uses& gone, std::string_view reason, std::vector<frame::Event>& told);
  void TellLeft(const Uses& gone) const;
  // The slot is the caller's (Lease).
  bool Fill(Slot& slot, const Wanted& wanted, std::vector<frame::Event>& left)
      SAMPLEPROC_THREAD_ANNOTATION(no_thread_safety_analysis);
  std::unexpected<std::string_view> Refuse(std::string_view camera_id, std::string_view reason);

  bool HasOwnPlace(const std::string& camera_id) const;

  const std::unordered_set<std::string> reserved_;
  const std::function<bool(const std::string&)> is_configured_;
  const std::chrono::milliseconds idle_;
  const OnLeft on_left_;
  resources::MemoryBudget& budget_;
  const base::Clock& clock_;
  const OnRefused on_refused_;

  mutable base::Mutex mutex_;
  frame::CameraPlaces<Uses> places_ GUARDED_BY(mutex_);
  std::unordered_set<std::string> told_ GUARDED_BY(mutex_);
  std::uint64_t refused_frames_ GUARDED_BY(mutex_) = 0;
  std::optional<base::MonoTime> refused_last_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::process
