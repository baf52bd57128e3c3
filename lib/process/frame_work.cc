#include "process/frame_work.h"

#include <utility>

namespace sampleproc::process {

using base::Result;
using frame::FrameAction;

FrameWork::FrameWork(const WorkContext& context, std::string_view id,
                     const base::Allowance& allowance)
    : clock_(context.clock),
      metrics_(context.metrics),
      tracked_(context.tracker.Receive(id)),
      frame_(allowance.trace.Begin("frame")),
      allowance_(allowance.Under(frame_)),
      queue_(allowance_.trace.Begin("queue")),
      handed_over_(context.clock.Now()) {
  Go(FrameAction::kValidate);
  Go(FrameAction::kQueue);
}

void FrameWork::Describe(std::string_view frame_id,
                         const std::optional<std::string>& camera_id) noexcept {
  frame_.Set("sampleproc.frame.id", frame_id);
  if (camera_id) frame_.Set("sampleproc.camera.id", *camera_id);
}

Result<void> FrameWork::Begin() {
  queue_.End();
  Go(FrameAction::kStart);
  queued_ = clock_.Now() - handed_over_;
  if (allowance_.deadline.Expired() && !allowance_.cancel.Cancelled()) {
    return base::Fail(base::ErrorCode::kOverloaded,
                      "the frame waited for a worker for as long as it may");
  }
  return allowance_.Check("the queue");
}

Result<frame::FrameResult> FrameWork::Run(Processor& processor, const frame::Frame& frame,
                                          CameraTurns::Turn turn) {
  auto result = processor.Process(frame, allowance_, std::move(turn));
  if (result) result->times.queued = queued_;
  return result;
}

void FrameWork::TryAgain(const base::Allowance& allowance) {
  Go(FrameAction::kFail);
  Go(FrameAction::kRetry);
  Go(FrameAction::kRequeue);
  allowance_ = allowance.Under(frame_);
  EnterQueue();
  handed_over_ = clock_.Now();
}

void FrameWork::Completed(const frame::FrameResult& result) {
  metrics_.FrameCompleted(result);
  frame_.Set("sampleproc.detections", static_cast<std::int64_t>(result.detections.size()));
  frame_.End();
  Go(FrameAction::kComplete);
  Go(FrameAction::kArchive);
}

void FrameWork::Refused(const base::Error& error) {
  queue_.End();
  frame_.Fail(error);
  frame_.End();
  metrics_.FrameFailed(error);
}

void FrameWork::Failed(const base::Error& error) {
  frame_.Fail(error);
  frame_.End();
  metrics_.FrameFailed(error);
  Go(FrameAction::kFail);
  Go(FrameAction::kArchive);
}

}  // namespace sampleproc::process
