// The frames that are not with the workers yet, and which of them comes next.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "consumer/held_frame.h"
#include "consumer/options.h"

namespace sampleproc::consumer {

// Each camera has a lane, in which its frames stay in order. Lanes take turns by what they cost,
// not by frames: next is the lane whose frames have taken least of the workers' time, and of two
// that are equal the one whose last turn was longer ago. So a camera with large frames gets as much
// of that time as each other one that has frames waiting, and no more. A lane that had no frame
// ready begins where the others are: what it did not use is not saved up (start-time fair queueing,
// Goyal et al. 1996). Frames without a camera share a lane that keeps no order.
//
// A camera whose last frame was heavy (process.heavy_pixels) is a heavy one. One heavy frame is
// worked on at a time, so two of them are given to workers, and the others wait as if for pixels:
// they count as blocked. So heavy cameras that send more than can be done do not keep the frames of
// others from being pulled. Used by one thread at a time.
class WaitingRoom {
 public:
  // `heavy_bytes`: of the entries of heavy frames so many may be blocked by others; what is more
  // takes the room of others, or a few cameras would take all memory.
  explicit WaitingRoom(Policy policy,
                       std::uint64_t heavy_bytes = std::numeric_limits<std::uint64_t>::max())
      : policy_(policy), heavy_bytes_(heavy_bytes) {}

  // Takes a frame. With kLatest it takes the place of the one of the same camera that waits, which
  // is returned; a suspect neither gives nor takes a place. One whose pixels are being fetched
  // stays, the newest one waits behind it: a camera whose fetches take longer than its frames come
  // in would get no result at all. One that has its pixels stays until it has waited for a worker
  // for longer than they took, twice as long at each time that this happens before the camera's
  // turn, up to eight times as long.
  HeldList Add(HeldPtr frame, base::MonoTime now = {});

  // Takes back a frame that had been taken out, to where it stood. With kLatest it is itself
  // returned when a newer one of its camera waits.
  HeldPtr PutBack(HeldPtr frame);

  // The frame that is next for a worker: kReady, its pause over, first of its lane. Null: none.
  // `ahead`: it would wait there behind others, so that it is none of a camera whose frame is away:
  // what its frames will have cost is not known, and those of others would wait behind them all.
  HeldPtr NextReady(base::MonoTime now, bool ahead = false) const;

  // The newest frame of its camera, which takes the turn of this one that has to be fetched anew;
  // null: it is that itself. Only with kLatest.
  HeldPtr NewerThan(const HeldFrame& frame) const;

  // Whether a later frame of its camera waits.
  bool HasLater(const HeldFrame& frame) const;

  // Whether a place may be asked for pixels.
  enum class Asking {
    kNo,
    kYes,
    kTrial,  // by one frame, to see whether it is well again
  };

  struct Permit {
    // NOLINTNEXTLINE(google-explicit-constructor): an answer alone is the usual one.
    constexpr Permit(Asking asking, int its_level = 0) : may(asking), level(its_level) {}
    Asking may;
    int level;  // of the place: lower ones come first
  };

  // The frame whose pixels are fetched next: kWaiting, its pause over, `asking` allows it, and of
  // the first `ahead` frames of its lane (of which kLatest has the first fetched only), and one
  // more for each failure of the first one, up to kMostMoreAhead; at a trial of the whole lane,
  // which may begin with frames that fail by their own fault. Of places of one level, a trial is
  // for the frame that has failed least often, or for the newest of those that grow too old; else
  // the lane that has fewest fetched comes first. Null: none.
  HeldPtr NextToFetch(base::MonoTime now, std::size_t ahead,
                      const std::function<Permit(const PixelPlace&)>& asking) const;

  // Takes a frame out. `served`: it was its lane's turn, and CameBack is to follow.
  void Remove(const HeldFrame& frame, bool served);

  // A worker had the frame for so long; none had it: zero.
  void CameBack(const HeldFrame& frame, std::chrono::nanoseconds worked);

  // Of the lanes whose frames may be dropped for their age: the oldest frame of the one that is
  // most work, which makes room at the least cost; of one with several frames if there is such a
  // lane. Null: there is none.
  HeldPtr OldestOfMost() const;

  // How much work can be done in time, of frames that may be so old; none: not known for any.
  using CanBeDone =
      std::function<std::optional<std::chrono::nanoseconds>(std::chrono::milliseconds max_age)>;
  // The oldest frame of a lane that is more work than can be done in time, if frames of it may be
  // dropped and it has several. While its last frame waits, the other lanes have as much done as it
  // has, or all that they want. Null: there is none.
  HeldPtr OldestOfTooMuch(const CanBeDone& can_be_done) const;

  enum class Of { kAll, kKept };  // kKept: that are dropped at no age
  // How many frames an earlier one of their camera, a pause, their pixels or other heavy frames
  // keep from a worker.
  std::size_t Blocked(base::MonoTime now, Of of = Of::kAll) const;

  // Calls with each frame, by lane and in order, and whether no frame of its camera is before it.
  // No frame may be added or removed meanwhile. Takes no memory of its own.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [camera, lane] : lanes_) {
      bool first = true;
      for (const HeldPtr& frame : lane.frames) visit(frame, std::exchange(first, !camera));
    }
  }

  // Any frame; null when there is none.
  HeldPtr Any() const;

  std::size_t size() const { return size_; }
  std::size_t droppable() const { return droppable_; }  // when they are too old
  std::size_t lanes() const { return busy_lanes_; }     // cameras with a waiting frame

  // When the oldest of them was taken.
  std::optional<base::WallTime> Oldest() const;

 private:
  static constexpr int kMostMoreAhead = 16;

  using Camera = std::optional<std::string>;
  struct Lane {
    std::deque<HeldPtr> frames;         // by number
    std::uint64_t served = 0;           // when it had its last turn
    std::size_t away = 0;               // frames that had their turn and have not come back
    bool heavy = false;                 // its last frame was
    std::chrono::nanoseconds used{0};   // of the workers' time, by those that have come back
    std::chrono::nanoseconds usual{0};  // that a frame takes, exponentially weighted
  };
  static std::size_t MoreAhead(const Lane& lane);

  // What a lane has used, with what those that are away will probably have.
  std::chrono::nanoseconds Used(const Lane& lane) const {
    return lane.used + WorkOf(lane, lane.away);
  }
  std::chrono::nanoseconds WorkOf(const Lane& lane, std::size_t frames) const {
    return static_cast<std::int64_t>(frames) * (lane.usual.count() > 0 ? lane.usual : usual_);
  }

  static const HeldPtr* OldestOf(const Lane& lane);
  static bool IsReady(const HeldFrame& frame, base::MonoTime now);
  bool HeavyWait() const;
  bool ReplacesOthers(const HeldFrame& frame) const;
  void Insert(HeldPtr frame);

  const Policy policy_;
  const std::uint64_t heavy_bytes_;
  std::map<Camera, Lane> lanes_;  // those with frames, and some that had a turn before
  std::size_t busy_lanes_ = 0;    // those with frames
  std::uint64_t turns_ = 0;
  std::chrono::nanoseconds begun_{0};  // what the lane of the last turn had used before
  std::chrono::nanoseconds usual_{0};  // that a frame takes, of any camera
  std::size_t size_ = 0;
  std::size_t droppable_ = 0;
};

}  // namespace sampleproc::consumer
