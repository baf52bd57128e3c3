// Threads for reads from a disk that may not answer.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "consumer/pixels/pixels.h"

namespace sampleproc::consumer {

// Nothing can end a system call on a disk that hangs (a network file system whose server is away).
// So files are read here, and whoever asks stops waiting when its allowance ends: the thread stays
// with its file, and what it brings later is thrown away. There are never more threads than asked
// for: when all of them hang, further reads wait for one, each until its own allowance ends.
// Thread-safe.
class DiskThreads {
 public:
  using Job = std::function<base::Result<FetchedPixels>()>;

  // Each thread begins when it is first needed.
  explicit DiskThreads(std::size_t most) : most_(most) {}
  // Waits for reads that have begun, however long: see AwaitEnd.
  ~DiskThreads();

  // What `job` returns or throws. Fails with kRequestTimeout when the deadline of the allowance is
  // over first, kCancelled, kOverloaded (no thread), kShuttingDown; `job` may be at work then and
  // must own what it uses.
  base::Result<FetchedPixels> Run(Job job, const base::Allowance& allowance) EXCLUDES(mutex_);

  // No read begins from now on. Whether those that had begun end until `end`. If not, nor does the
  // destructor.
  bool AwaitEnd(const base::Deadline& end) EXCLUDES(mutex_);

 private:
  struct Task {
    Job job;
    std::optional<base::Result<FetchedPixels>> result = {};
    std::exception_ptr thrown = {};
    bool done = false;
  };
  using TaskPtr = std::shared_ptr<Task>;

  base::Result<void> AddThread() REQUIRES(mutex_);
  void Work() EXCLUDES(mutex_);
  static void Do(Task& task) noexcept;

  const std::size_t most_;
  base::Mutex mutex_;
  base::CondVar arrived_;
  base::CondVar ended_;  // a task or a thread
  std::deque<TaskPtr> waiting_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  std::size_t alive_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer
