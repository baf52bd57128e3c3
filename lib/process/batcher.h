// Gathers a door's frames to batches while the workers are busy.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "process/batch.h"
#include "process/options.h"

namespace sampleproc::process {

class WorkerPool;

// What a batcher has to know of those who work; a seam, so that tests can be the workers. Any
// thread may call.
class BatchWorkers {
 public:
  virtual ~BatchWorkers() = default;

  // Whether a frame that is started now meets a worker without work.
  virtual bool AnyIdle() const = 0;

  // Has `reached` called by a worker that has come to what is queued now, so that it is free for
  // more; never within this call. False when there is no room to remember it.
  virtual bool WhenReached(std::move_only_function<void()> reached) = 0;
};

// The batcher's view of a pool, which must outlive it.
std::unique_ptr<BatchWorkers> BatchWorkersOf(WorkerPool& pool);

struct BatcherOptions {
  explicit BatcherOptions(const Options& options)
      : batch_size(static_cast<std::size_t>(options.batch_size)), batch_wait(options.batch_wait) {}

  std::size_t batch_size;
  std::chrono::milliseconds batch_wait;
};

// When frames that are gathered have to go; nothing while they may wait. A function of its own, so
// that the rule can be read and tested without threads.
std::optional<FlushReason> DueFlush(std::size_t gathered, bool worker_is_free, bool closing,
                                    std::chrono::nanoseconds oldest_waits,
                                    const BatcherOptions& options);

// Thread-safe. A frame goes on at once when a worker is idle. While all are busy frames gather
// until a worker comes free, `batch_size` are there, or the oldest has waited for `batch_wait`;
// then they are started in the order in which they were added, over all batches. A failing frame
// never fails its neighbours (StartBatch).
class Batcher {
 public:
  struct Totals {
    std::uint64_t frames = 0;  // of batches that have ended
    std::uint64_t succeeded = 0;
    std::array<std::uint64_t, kFlushReasons> batches{};  // by the reason of their flush
  };

  // All references, and what `on_batch` refers to, must live until the last frame has ended, which
  // may be after the batcher. `on_batch` may be empty.
  Batcher(const BatcherOptions& options, BatchWorkers& workers, const base::Clock& clock,
          base::Logger& log, OnBatch on_batch);
  // Closes.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // Takes a frame and starts it within the call if it is due. Fails with kShuttingDown after Close;
  // then `start` is never called.
  base::Result<void> Add(StartFrame start);

  // Takes no more. Returns when all that was gathered has been started, by this or another thread;
  // so it must not be called by a frame's start.
  void Close();

  Totals totals() const;

 private:
  class State;
  std::shared_ptr<State> state_;  // shared with batches and with what WhenReached remembers
  std::jthread timer_;
};

}  // namespace sampleproc::process
