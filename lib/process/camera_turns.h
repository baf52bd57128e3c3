// Frames of one camera in the order in which they arrived, while several workers share them.
//
// A worker that takes a frame takes a turn with it, in the order of arrival. What depends on that
// order (the motion step) waits until its turn has come; everything else, decoding above all, goes
// on side by side. Frames of different cameras and frames without a camera never wait for each
// other. Where the camera is known when the frame is queued (the consumer, a query parameter) it is
// declared as the turn begins; where it stands in a JSON body, the later frames that must keep an
// order wait the microseconds that it takes to read it.
//
// No deadlock: turns are taken in the order in which work is handed out, so an earlier turn is in a
// worker's hands or over, and the earliest one waits for nobody.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"

namespace sampleproc::process {

// Thread-safe. Holds one entry for each turn that is not over, so memory is bounded by the number
// of frames in work. Must outlive its turns.
class CameraTurns {
 public:
  // One frame's place in the order. Movable, used by one thread at a time. Destroying it ends the
  // turn, so a frame that fails anywhere holds up nobody. A default-constructed turn stands for a
  // caller that works on one frame at a time: it never waits.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&& other) noexcept;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { End(); }

    // Says whose frame it is; without a camera the turn is over. The first call counts.
    void Declare(const std::optional<std::string>& camera_id);

    // Returns once every earlier turn has declared its camera and every earlier turn of the same
    // camera is over or has ended as many stages as this one and one more. Call Declare before.
    // Fails with kOverloaded (time is up: another frame's fault, so this one may be tried again),
    // kCancelled, and kDeadline when it has been passed over.
    base::Result<void> Wait(const base::Allowance& allowance);

    // What the order was waited for is done, and there is more to come that needs it: the camera's
    // next frame may go as far as this one.
    void EndStage();

    // From now on the turn comes once all earlier ones of the camera are over.
    void AwaitAll();

    // The order does not matter from here on: the camera's next frame may go ahead.
    void End();

    // How long its frame has waited for others: in Wait, and where the frame's worker says so.
    std::chrono::nanoseconds waited() const { return waited_; }
    void HasWaited(std::chrono::nanoseconds time) { waited_ += time; }
    // How long it has waited in Wait, whether its turn came or not.
    std::chrono::nanoseconds awaited_turn() const { return awaited_turn_; }

    std::uint64_t number() const { return number_; }

   private:
    friend class CameraTurns;
    Turn(CameraTurns* turns, std::uint64_t number) : turns_(turns), number_(number) {}

    CameraTurns* turns_ = nullptr;
    std::uint64_t number_ = 0;
    bool declared_ = false;
    std::chrono::nanoseconds waited_{0};
    std::chrono::nanoseconds awaited_turn_{0};

    base::Result<void> AwaitTurn(const base::Allowance& allowance);
  };

  CameraTurns() = default;
  CameraTurns(const CameraTurns&) = delete;
  CameraTurns& operator=(const CameraTurns&) = delete;

  // Takes the next turn. Call it where frames are handed out, under the lock that makes that an
  // order.
  Turn Begin();

  // Of a worker that does not come back: the others wait for it no longer. Its turn never comes,
  // but one that has come is left alone: what it is at is not for two at a time.
  void PassOver(std::uint64_t number);

  std::size_t open() const;  // turns that are not over

 private:
  struct Open {
    std::optional<std::string> camera;  // once it is declared
    int stages = 0;                     // that are ended
    bool has_come = false;              // in the stage that it is in
  };
  using Turns = std::map<std::uint64_t, Open>;

  bool IsTurn(Turns::const_iterator own) const REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::uint64_t next_ GUARDED_BY(mutex_) = 1;
  Turns open_ GUARDED_BY(mutex_);  // turns that are not over, by number
};

}  // namespace sampleproc::process
