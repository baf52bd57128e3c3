// Lets what became of a camera's frames go out in the order in which the frames came.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/mutex.h"

namespace sampleproc::consumer {

// Thread-safe. Workers finish the frames of one camera in any order; who reads the results expects
// that of the frames. Memory is bounded by the frames that are on their way.
class CameraOrder {
 public:
  using GoOut = std::move_only_function<void() noexcept>;

  // A frame's place among those of its camera. Without a camera it waits for nobody.
  struct Place {
    std::optional<std::string> camera;
    std::uint64_t number = 0;
  };

  // Without memory it throws, and nobody has joined.
  Place Join(const std::optional<std::string>& camera) EXCLUDES(mutex_);

  // The frame has ended: `go_out` is called when all that joined before it have ended, by this call
  // or by that of another thread, outside any lock, and of one camera one at a time. Once for each
  // place. Takes no memory.
  void Leave(const Place& place, GoOut go_out) noexcept EXCLUDES(mutex_);

 private:
  struct Waiting {
    std::uint64_t number;
    std::optional<GoOut> go_out;
  };
  struct Camera {
    std::deque<Waiting> frames;
    bool going_out = false;  // a thread is at it
  };

  base::Mutex mutex_;
  std::uint64_t next_ GUARDED_BY(mutex_) = 1;
  // Those with frames on their way.
  std::unordered_map<std::string, Camera> cameras_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer
