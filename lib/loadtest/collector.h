// Puts together what the threads measured, second by second.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "loadtest/measurement.h"

namespace sampleproc::loadtest {

// Threads deliver, one thread takes.
class Collector {
 public:
  explicit Collector(std::size_t threads) : next_(threads, 0) {}

  // What `thread` measured in `second`; comes back cleared, to be used again.
  std::unique_ptr<Measurement> Deliver(std::size_t thread, std::uint64_t second,
                                       std::unique_ptr<Measurement> measured) EXCLUDES(mutex_);
  // The thread delivers no more.
  void Finish(std::size_t thread) EXCLUDES(mutex_);

  struct Complete {
    std::uint64_t second;
    std::unique_ptr<Measurement> measured;
  };
  // Waits for the next second that every thread has delivered; nothing after the last.
  std::optional<Complete> Take() EXCLUDES(mutex_);

 private:
  // The first second that some thread may still deliver.
  std::uint64_t Open() const REQUIRES(mutex_);

  base::Mutex mutex_;
  base::CondVar changed_;
  std::vector<std::uint64_t> next_ GUARDED_BY(mutex_);  // for each thread
  std::map<std::uint64_t, std::unique_ptr<Measurement>> seconds_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::loadtest
