// Who has a place where there are only so many for cameras.
//
// A camera that sends frames keeps its place: if any newcomer could take it, cameras beyond the
// bound would push each other out in a circle. One that is idle gives its place to who comes; one
// that has sent only a few frames does so soon, so that invented names are no bar for long.
// Reserved places are beside the others, and are kept.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"

namespace sampleproc::cameras {

// One thread at a time.
template <typename T>
class Places {
 public:
  // From this many frames on a camera is known; until then it is idle after kNewIdle.
  static constexpr std::uint64_t kKnownAfter = 15;
  static constexpr std::chrono::milliseconds kNewIdle{2'000};

  struct Place {
    T value = {};
    bool reserved = false;
    std::uint64_t frames = 0;
    base::MonoTime last{};  // frame
  };
  using Map = std::unordered_map<std::string, Place>;

  // `most` that are not reserved. A known camera without a frame for `idle` gives its place to who
  // comes.
  Places(std::size_t most, std::chrono::milliseconds idle) : most_(most), idle_(idle) {}

  // The camera's place, or null.
  Place* Find(const std::string& id) {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &found->second;
  }

  // The same for a frame that comes now; one that has no place gets one, if there is one for it.
  // `is_reserved` is asked of a newcomer only.
  template <typename IsReserved>
  Place* Take(const std::string& id, base::MonoTime now, const IsReserved& is_reserved) {
    Place* place = Find(id);
    if (place == nullptr) {
      const bool reserved = is_reserved();
      if (!reserved && common_ >= most_ && !MakeRoom(now)) return nullptr;
      place = &places_.emplace(id, Place{.reserved = reserved}).first->second;
      if (!reserved) ++common_;
    }
    ++place->frames;
    place->last = now;
    return place;
  }

  // Reserves the places for which it is so, and those alone; what is no longer reserved goes,
  // rather than be one too many.
  template <typename IsReserved>
  void Reserve(const IsReserved& is_reserved) {
    for (auto place = places_.begin(); place != places_.end();) {
      const bool before = place->second.reserved;
      place->second.reserved = is_reserved(place->first);
      if (!before && place->second.reserved) --common_;
      place = before && !place->second.reserved ? places_.erase(place) : std::next(place);
    }
    none_idle_before_ = {};
  }

  const Map& all() const { return places_; }

 private:
  base::MonoTime IdleFrom(const Place& place) const {
    const bool is_new = place.frames < kKnownAfter;
    return place.last + (is_new ? std::min(kNewIdle, idle_) : idle_);
  }

  // Takes the place of the camera that has been idle the longest, if one is.
  bool MakeRoom(base::MonoTime now) {
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
    places_.erase(longest);
    --common_;
    return true;
  }

  const std::size_t most_;
  const std::chrono::milliseconds idle_;
  Map places_;
  std::size_t common_ = 0;             // places that are not reserved
  base::MonoTime none_idle_before_{};  // as the last look for one found
};

}  // namespace sampleproc::cameras
