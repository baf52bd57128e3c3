// What the service remembers of each camera between its frames: the background that the motion step
// compares with. One object for all workers.
//
// The number of cameras and their memory are bounded, and a camera that has a state keeps it:
// evicting would let cameras beyond the bound push each other out in a circle, so that none of them
// ever sees motion. A camera that finds no room is refused until there is some, and that is said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "resources/memory_budget.h"

namespace sampleproc::process {

// Thread-safe. The budget must outlive it.
class CameraStates {
 public:
  // What a step derives its state from.
  class State {
   public:
    virtual ~State() = default;
  };

  // Why a camera has no state, as the stable words that a record's `skipped` has.
  static constexpr std::string_view kMaxCameras = "max_cameras";
  static constexpr std::string_view kNoMemory = "no_memory";

  // Called once for each camera that is refused (the first 1024 of them), in a worker's thread and
  // under the object's lock.
  using OnRefused = std::function<void(std::string_view camera_id, std::string_view reason)>;

  struct Counts {
    std::size_t cameras = 0;           // that have a state
    std::size_t refused_cameras = 0;   // that were refused at least once; counted up to 1024
    std::uint64_t refused_frames = 0;  // whose camera was refused
  };

  CameraStates(int max_cameras, resources::MemoryBudget& budget, OnRefused on_refused = {});
  CameraStates(const CameraStates&) = delete;
  CameraStates& operator=(const CameraStates&) = delete;

 private:
  struct Slot {
    std::mutex mutex;  // guards all below
    std::uint64_t shape = 0;
    resources::Reservation memory;
    std::unique_ptr<State> state;
  };

 public:
  // A camera's state, nobody else's for as long as this exists. The order of a camera's frames is
  // CameraTurns' business; the lock in here keeps apart what has no common order.
  class Lease {
   public:
    State& state() { return *slot_->state; }

   private:
    friend class CameraStates;
    explicit Lease(std::shared_ptr<Slot> slot) : slot_(std::move(slot)), lock_(slot_->mutex) {}

    std::shared_ptr<Slot> slot_;
    std::unique_lock<std::mutex> lock_;
  };

  // The state that a camera is to have.
  struct Wanted {
    std::uint64_t shape;  // a state of another shape is dropped and made anew
    std::size_t bytes;    // reserved before `make` is called, for as long as the state lives
    const std::function<std::unique_ptr<State>()>& make;
  };

  // The camera's state, made when it has none of this shape; or why it gets none: kMaxCameras or
  // kNoMemory. What `make` throws passes through and leaves the camera without a state.
  std::expected<Lease, std::string_view> Use(std::string_view camera_id, const Wanted& wanted);

  // Drops the camera's state and makes room for another camera; for one whose frames have ended.
  // Call it after the last of them.
  void Forget(std::string_view camera_id);

  Counts counts() const;

 private:
  std::shared_ptr<Slot> Find(std::string_view camera_id);
  bool Fill(Slot& slot, const Wanted& wanted);
  std::unexpected<std::string_view> Refuse(std::string_view camera_id, std::string_view reason);

  const std::size_t max_cameras_;
  resources::MemoryBudget& budget_;
  const OnRefused on_refused_;

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Slot>> slots_;  // guarded by mutex_
  std::unordered_set<std::string> told_;                          // guarded by mutex_
  std::uint64_t refused_frames_ = 0;                              // guarded by mutex_
};

}  // namespace sampleproc::process
