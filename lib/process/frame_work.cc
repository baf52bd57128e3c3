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
      allowance_(allowance),
      handed_over_(context.clock.Now()) {
  Go(FrameAction::kValidate);
  Go(FrameAction::kQueue);
}

Result<void> FrameWork::Begin() {
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
  allowance_ = allowance;
  handed_over_ = clock_.Now();
}

void FrameWork::Completed(const frame::FrameResult& result) {
  metrics_.FrameCompleted(result);
  Go(FrameAction::kComplete);
  Go(FrameAction::kArchive);
}

void FrameWork::Failed(const base::Error& error) {
  metrics_.FrameFailed(error);
  Go(FrameAction::kFail);
  Go(FrameAction::kArchive);
}

}  // namespace sampleproc::process
