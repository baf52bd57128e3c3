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
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"

namespace sampleproc::frame {

// From this many frames on a camera is known; until then it is idle after kNewIdle.
inline constexpr std::uint64_t kKnownAfter = 15;
inline constexpr std::chrono::milliseconds kNewIdle{2'000};

// One thread at a time.
template <typename T>
class CameraPlaces {
 public:
  struct Place {
    T value = {};
    bool reserved = false;
    // Kept by who holds the places.
    std::uint64_t frames = 0;
    base::MonoTime last{};  // frame
  };
  using Map = std::unordered_map<std::string, Place>;
  using Iterator = typename Map::iterator;

  // `most` that are not reserved. A known camera without a frame for `idle` gives its place to who
  // comes; base::kForever keeps places whatever the time.
  CameraPlaces(std::size_t most, std::chrono::milliseconds idle,
               std::chrono::milliseconds new_idle = kNewIdle)
      : most_(most), idle_(idle), new_idle_(new_idle) {}

  // The camera's place, which it is given if there is one for it; else null. `is_reserved` is asked
  // of a newcomer only. What had the place before is moved to `gone`.
  template <typename IsReserved>
  Place* Take(const std::string& id, base::MonoTime now, const IsReserved& is_reserved, T& gone) {
    if (const auto known = places_.find(id); known != places_.end()) return &known->second;
    const bool reserved = is_reserved();
    if (!reserved && common_ >= most_ && !MakeRoom(now, gone)) return nullptr;
    Place& place = places_[id];
    place.reserved = reserved;
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
    gone = std::move(longest->second.value);
    places_.erase(longest);
    --common_;
    return true;
  }

  const std::size_t most_;
  const std::chrono::milliseconds idle_;
  const std::chrono::milliseconds new_idle_;
  Map places_;
  std::size_t common_ = 0;             // places that are not reserved
  base::MonoTime none_idle_before_{};  // as the last look for one found
};

}  // namespace sampleproc::frame
