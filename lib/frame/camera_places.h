// Who has a place where there are only so many for cameras.
//
// A camera that sends frames keeps its place: if any newcomer could take it, cameras beyond the
// bound would push each other out in a circle. One that is idle gives its place to who comes; one
// that has sent only a few frames does so soon, so that invented names are no bar for long.
// Reserved places are beside the others, and are kept.
//
// With Newcomers::kReturningFirst it matters, while every place is taken, who comes back: an
// invented name does not. Whose second frame it is takes the place of one that is idle, or of one
// that has sent a single frame. Whose first frame it is gets an idle place once in kFirstFrameGap,
// so that a flood of invented names has no more places than that, and keeps nobody out who sends
// on.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/clock.h"

namespace sampleproc::frame {

// From this many frames on a camera is known; until then it is idle after kNewIdle.
inline constexpr std::uint64_t kKnownAfter = 15;
inline constexpr std::chrono::milliseconds kNewIdle{2'000};

inline constexpr std::chrono::milliseconds kFirstFrameGap{500};

enum class Newcomers { kAlike, kReturningFirst };

// Which ids have come lately, of any number of them: at least the last kMost, for kRemembered to
// twice as long. Ids are told apart by their hashes. One thread at a time.
class ReturningIds {
 public:
  static constexpr std::size_t kMost = 8192;
  static constexpr std::chrono::seconds kRemembered{30};

  // Whether it came before; it has by now.
  bool Came(std::size_t hash, base::MonoTime now) {
    if (now - since_ >= kRemembered || latest_.size() >= kMost) {
      before_ = now - since_ >= 2 * kRemembered ? Hashes() : std::move(latest_);
      latest_ = {};
      since_ = now;
    }
    return !latest_.insert(hash).second || before_.contains(hash);
  }

 private:
  using Hashes = std::unordered_set<std::size_t>;

  Hashes latest_;  // since that time
  Hashes before_;
  base::MonoTime since_{};
};

// One thread at a time.
template <typename T>
class CameraPlaces {
 public:
  struct Place {
    T value = {};
    bool reserved = false;
    bool returned = false;  // it had come before it got the place
    // Kept by who holds the places.
    std::uint64_t frames = 0;
    base::MonoTime last{};  // frame
  };
  using Map = std::unordered_map<std::string, Place>;
  using Iterator = typename Map::iterator;

  // `most` that are not reserved. A known camera without a frame for `idle` gives its place to who
  // comes; base::kForever keeps places whatever the time, and all newcomers are alike then.
  CameraPlaces(std::size_t most, std::chrono::milliseconds idle, Newcomers newcomers,
               std::chrono::milliseconds new_idle = kNewIdle)
      : most_(most),
        idle_(idle),
        new_idle_(new_idle),
        newcomers_(idle < base::kForever ? newcomers : Newcomers::kAlike) {}

  // The camera's place, which it is given if there is one for it; else null. `is_reserved` is asked
  // of a newcomer only. What had the place before is moved to `gone`. Once a frame; when several
  // ask for one frame, each has a word of its own in `asking`.
  template <typename IsReserved>
  Place* Take(const std::string& id, base::MonoTime now, const IsReserved& is_reserved, T& gone,
              std::string_view asking = {}) {
    if (const auto known = places_.find(id); known != places_.end()) return &known->second;
    const bool reserved = is_reserved();
    bool returned = false;
    if (!reserved && common_ >= most_) {
      if (newcomers_ == Newcomers::kReturningFirst) {
        const std::size_t of_asking = std::hash<std::string_view>()(asking);
        returned = ids_.Came(std::hash<std::string>()(id) ^ (2 * of_asking), now);
      }
      const bool is_given =
          returned ? MakeRoom(now, gone) || Replace(gone) : MakeRoomForFirst(now, gone);
      if (!is_given) return nullptr;
    }
    Place& place = places_[id];
    place.reserved = reserved;
    place.returned = returned;
    if (!reserved) ++common_;
    return &place;
  }

  Place* Find(const std::string& id) {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &found->second;
  }

  Iterator Erase(Iterator place) {
    if (!place->second.reserved) --common_;
    none_idle_before_ = {};
    return places_.erase(place);
  }

  // Reserves the places for which it is so, and those alone; what is no longer reserved goes,
  // rather than be one too many.
  template <typename IsReserved>
  void Reserve(const IsReserved& is_reserved) {
    for (auto place = places_.begin(); place != places_.end();) {
      const bool before = place->second.reserved;
      const bool after = is_reserved(place->first);
      if (before && !after) {
        place = Erase(place);
        continue;
      }
      if (!before && after) --common_;
      place->second.reserved = after;
      ++place;
    }
    none_idle_before_ = {};
  }

  // To look at, and to change the values.
  Map& all() { return places_; }
  const Map& all() const { return places_; }

 private:
  base::MonoTime IdleFrom(const Place& place) const {
    const bool is_new = idle_ < base::kForever && place.frames < kKnownAfter;
    return place.last + (is_new ? std::min(new_idle_, idle_) : idle_);
  }

  // Takes the place of the camera that has been idle the longest, if one is.
  bool MakeRoom(base::MonoTime now, T& gone) {
    if (now < none_idle_before_) return false;
    auto longest = places_.end();
    for (auto place = places_.begin(); place != places_.end(); ++place) {
      if (place->second.reserved) continue;
      if (longest == places_.end() || IdleFrom(place->second) < IdleFrom(longest->second)) {
        longest = place;
      }
    }
    if (longest == places_.end()) return false;
    none_idle_before_ = IdleFrom(longest->second);
    if (now < none_idle_before_) return false;
    Give(longest, gone);
    return true;
  }

  bool MakeRoomForFirst(base::MonoTime now, T& gone) {
    if (newcomers_ == Newcomers::kAlike) return MakeRoom(now, gone);
    if (now < next_first_ || !MakeRoom(now, gone)) return false;
    next_first_ = now + kFirstFrameGap;
    return true;
  }

  // Takes the place of the camera whose only frame is the oldest, if there is such a one.
  bool Replace(T& gone) {
    auto oldest = places_.end();
    for (auto place = places_.begin(); place != places_.end(); ++place) {
      const Place& each = place->second;
      if (each.reserved || each.returned || each.frames > 1) continue;
      if (oldest == places_.end() || each.last < oldest->second.last) oldest = place;
    }
    if (oldest == places_.end()) return false;
    Give(oldest, gone);
    return true;
  }

  void Give(Iterator place, T& gone) {
    gone = std::move(place->second.value);
    places_.erase(place);
    --common_;
  }

  const std::size_t most_;
  const std::chrono::milliseconds idle_;
  const std::chrono::milliseconds new_idle_;
  const Newcomers newcomers_;
  Map places_;
  std::size_t common_ = 0;             // places that are not reserved
  base::MonoTime none_idle_before_{};  // as the last look for one found
  base::MonoTime next_first_{};        // for a camera's first frame, while all places are taken
  ReturningIds ids_;                   // of cameras without a place
};

}  // namespace sampleproc::frame
