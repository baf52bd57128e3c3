// A text about the service that costs something to make, for all who ask for it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/message.h"

namespace sampleproc::api {

// Made anew for each who asks, as long as that takes half of the time at most, with kAtOnce to
// begin with. Whoever asks for more than that shares the last one, which is then no older than
// twice as long as it took to make. So a text that anybody may ask for, at any rate, leaves the
// thread that makes it to others. Thread-safe.
class Rendering {
 public:
  static constexpr int kShare = 2;  // one part of so many
  static constexpr std::chrono::milliseconds kAtOnce{50};

  // `make` is called by one thread at a time. The clock must outlive this.
  Rendering(const base::Clock& clock, std::function<std::string()> make);

  http::SharedText Get();

 private:
  const base::Clock& clock_;
  const std::function<std::string()> make_;
  base::Mutex mutex_;
  http::SharedText text_ GUARDED_BY(mutex_);
  std::chrono::nanoseconds spent_ GUARDED_BY(mutex_){};  // beyond what the time since has allowed
  base::MonoTime asked_ GUARDED_BY(mutex_){};
};

}  // namespace sampleproc::api
