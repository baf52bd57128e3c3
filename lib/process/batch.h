// Frames that came together and are counted together: a request's, a pull's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/log.h"

namespace sampleproc::process {

// What became of a batch.
struct BatchReport {
  std::size_t frames = 0;
  std::size_t succeeded = 0;
};

// Called once a batch, by the thread that ends its last frame. May be empty.
using OnBatch = std::function<void(const BatchReport&)>;

class Batch;

// One frame's part in its batch; goes along with the frame. Movable, used by one thread at a time.
// A part that ends without Succeeded stands for a frame that failed, was refused or was dropped.
// One made by default is of no batch: for a frame that must go on although it cannot be counted.
class BatchPart {
 public:
  BatchPart() = default;
  BatchPart(BatchPart&&) noexcept = default;
  BatchPart& operator=(BatchPart&&) noexcept = default;

  // The frame succeeded. Ends the part; at most once.
  void Succeeded();

 private:
  friend void StartBatch(std::size_t, const std::function<void(std::size_t, BatchPart)>&,
                         base::Logger&, OnBatch);
  explicit BatchPart(std::shared_ptr<Batch> batch) : batch_(std::move(batch)) {}

  std::shared_ptr<Batch> batch_;  // null once the part has ended
};

// Starts work on the frame of that index, which takes the part along: usually it submits a task to
// the pool, and drops the part when the pool refuses. Does not wait for the frame.
using StartFrame = std::function<void(std::size_t index, BatchPart)>;

// Starts each of so many frames in turn. One that throws, is refused or fails leaves its neighbours
// alone: it only misses in `succeeded`. Without frames the report comes at once. A batch with
// failures is logged at info, any other at debug. `log` and what `on_batch` refers to must live
// until the last frame has ended; an exception out of `on_batch` is logged. Throws without memory
// for the batch; then no frame has been started.
void StartBatch(std::size_t frames, const StartFrame& start, base::Logger& log, OnBatch on_batch);

}  // namespace sampleproc::process
