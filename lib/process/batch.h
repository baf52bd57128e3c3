// Frames that are handed to the workers together and counted together.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace sampleproc::process {

// Why a batch was not left to grow.
enum class FlushReason {
  kFull,     // it holds process.batch_size frames
  kIdle,     // a worker had nothing else to do
  kWaited,   // its oldest frame waited for process.batch_wait
  kClosing,  // no more frames come
};
inline constexpr std::size_t kFlushReasons = 4;

// "full", "idle", "waited", "closing": for logs and the label of a metric.
std::string_view FlushReasonName(FlushReason reason);

// What became of a batch.
struct BatchReport {
  std::size_t frames = 0;
  std::size_t succeeded = 0;
  FlushReason reason = FlushReason::kFull;
  std::chrono::nanoseconds waited{0};  // of its oldest frame, until the batch was flushed
};

// Called once a batch, by the thread that ends its last frame.
using OnBatch = std::function<void(const BatchReport&)>;

class Batch;

// One frame's part in its batch; goes along with the frame. Movable, used by one thread at a time.
// A part that ends without Succeeded stands for a frame that failed, was refused or was dropped.
class BatchPart {
 public:
  BatchPart(BatchPart&&) noexcept = default;
  BatchPart& operator=(BatchPart&&) noexcept = default;

  // The frame succeeded. Ends the part; at most once.
  void Succeeded();

 private:
  friend void StartBatch(std::vector<std::move_only_function<void(BatchPart)>>, FlushReason,
                         std::chrono::nanoseconds, base::Logger&, OnBatch);
  explicit BatchPart(std::shared_ptr<Batch> batch) : batch_(std::move(batch)) {}

  std::shared_ptr<Batch> batch_;  // null once the part has ended
};

// Starts work on one frame, which takes the part along: usually it submits a task to the pool, and
// drops the part when the pool refuses. Does not wait for the frame.
using StartFrame = std::move_only_function<void(BatchPart)>;

// Starts each frame in turn. One that throws, is refused or fails leaves its neighbours alone: it
// only misses in `succeeded`. Without frames the report comes at once. A batch with failures is
// logged at info, any other at debug. `log` and what `on_batch` refers to must live until the last
// frame has ended; an exception out of `on_batch` is logged.
void StartBatch(std::vector<StartFrame> frames, FlushReason reason, std::chrono::nanoseconds waited,
                base::Logger& log, OnBatch on_batch);

}  // namespace sampleproc::process
