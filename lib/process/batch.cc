#include "process/batch.h"

#include <atomic>
#include <exception>
#include <utility>

namespace sampleproc::process {

// Reports when its last part lets go of it.
class Batch {
 public:
  Batch(const BatchReport& report, base::Logger& log, OnBatch on_batch)
      : report_(report), log_(log), on_batch_(std::move(on_batch)) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  ~Batch() {
    report_.succeeded = succeeded_.load();
    // What became of each frame is told with that frame, or by its count.
    if (log_.Enabled(base::LogLevel::kDebug)) {
      log_.Write(base::LogLevel::kDebug, "batch done",
                 {{"frames", static_cast<std::int64_t>(report_.frames)},
                  {"succeeded", static_cast<std::int64_t>(report_.succeeded)}});
    }
    if (!on_batch_) return;
    try {
      on_batch_(report_);
    } catch (const std::exception& bug) {
      log_.Error("a batch's report threw", {{"error", std::string_view(bug.what())}});
    }
  }

  void CountSuccess() { ++succeeded_; }

 private:
  BatchReport report_;
  base::Logger& log_;
  OnBatch on_batch_;
  std::atomic<std::size_t> succeeded_ = 0;
};

void BatchPart::Succeeded() {
  if (batch_ == nullptr) return;
  batch_->CountSuccess();
  batch_.reset();
}

void StartBatch(std::size_t frames, const StartFrame& start, base::Logger& log, OnBatch on_batch) {
  const auto batch = std::make_shared<Batch>(BatchReport{frames, 0}, log, std::move(on_batch));
  for (std::size_t index = 0; index < frames; ++index) {
    try {
      start(index, BatchPart(batch));
    } catch (const std::exception& bug) {
      log.Error("a frame of a batch could not be started",
                {{"error", std::string_view(bug.what())}});
    }
  }
}

}  // namespace sampleproc::process
