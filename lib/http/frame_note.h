// What is learnt of a request's frame while it is worked on.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"

namespace sampleproc::http {

// For whoever answers the request instead of the worker that has it. Thread-safe.
class FrameNote {
 public:
  struct Facts {
    std::string frame_id;  // "" until the frame has been read
    std::string camera;    // likewise, and of a frame without one
  };

  // Without memory nothing is noted.
  void Set(std::string_view frame_id, std::string_view camera) noexcept {
    try {
      Facts facts{std::string(frame_id), std::string(camera)};
      const base::MutexLock lock(mutex_);
      facts_ = std::move(facts);
    } catch (const std::exception&) {
      return;
    }
  }
  Facts Get() const {
    const base::MutexLock lock(mutex_);
    return facts_;
  }

 private:
  mutable base::Mutex mutex_;
  Facts facts_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::http
