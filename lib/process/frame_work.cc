#include "process/frame_work.h"

#include <new>
#include <utility>

#include "cameras/roster.h"
#include "frame/frame_time.h"
#include "net/redact.h"

namespace sampleproc::process {

using base::Result;
using frame::FrameAction;

FrameWork::FrameWork(const WorkContext& context, std::string_view id,
                     const base::Allowance& allowance)
    : clock_(context.clock),
      metrics_(context.metrics),
      roster_(context.roster),
      door_(context.door),
      door_tells_(context.tells_roster),
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
  if (frame_.recorded()) SetIds(frame_id, camera_id);
  OfCamera(camera_id);
}

void FrameWork::SetIds(std::string_view frame_id,
                       const std::optional<std::string>& camera_id) noexcept {
  try {
    frame_.Set("sampleproc.frame.id", net::ShownId(frame_id));
    if (camera_id) frame_.Set("sampleproc.camera.id", net::ShownId(*camera_id));
  } catch (const std::bad_alloc&) {
  }
}

// Without memory the camera does not learn of it.
void FrameWork::OfCamera(const std::optional<std::string>& camera_id) noexcept {
  if (!camera_id || camera_id->empty() || !camera_.empty()) return;
  try {
    camera_ = *camera_id;
    if (roster_ != nullptr && !door_tells_) roster_->Came(camera_, door_);
  } catch (const std::bad_alloc&) {
    camera_.clear();
  }
}

void FrameWork::Dropped(std::string_view reason) noexcept {
  queue_.End();
  frame_.End();
  if (roster_ == nullptr || camera_.empty()) return;
  try {
    std::exchange(roster_, nullptr)->Lost(camera_, reason);
  } catch (const std::bad_alloc&) {
  }
}

void FrameWork::Lost(const base::Error& error) noexcept {
  if (roster_ == nullptr || camera_.empty()) return;
  try {
    // That a client is gone is no fault.
    const bool is_fault = error.code != base::ErrorCode::kCancelled;
    std::exchange(roster_, nullptr)
        ->Lost(camera_, base::ErrorCodeName(error.code),
               is_fault ? std::string_view(error.message) : std::string_view());
  } catch (const std::bad_alloc&) {
  }
}

void FrameWork::LeaveQueue() noexcept {
  queue_.End();
  earlier_ += clock_.Now() - handed_over_;
}

void FrameWork::EnterQueue() noexcept {
  queue_ = allowance_.trace.Begin("queue");
  handed_over_ = clock_.Now();
}

void FrameWork::Taken() noexcept {
  LeaveQueue();
  queued_ = std::exchange(earlier_, std::chrono::nanoseconds(0));
  metrics_.StageEnded("queue", queued_);
}

Result<void> FrameWork::Begin() {
  Taken();
  Go(FrameAction::kStart);
  if (allowance_.deadline.Expired() && !allowance_.cancel.Cancelled()) {
    return base::Fail(base::ErrorCode::kOverloaded,
                      "the frame waited for a worker for as long as it may");
  }
  return allowance_.Check("the queue");
}

Result<frame::FrameResult> FrameWork::Run(Processor& processor, const frame::Frame& frame,
                                          CameraTurns::Turn turn) {
  taken_ = frame.timestamp ? frame::ParseFrameTime(*frame.timestamp) : std::nullopt;
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
}

void FrameWork::Completed(const frame::FrameResult& result) {
  metrics_.FrameCompleted(door_, result, taken_);
  if (roster_ != nullptr && !camera_.empty()) {
    std::exchange(roster_, nullptr)->Done(camera_, result);
  }
  frame_.Set("sampleproc.detections", static_cast<std::int64_t>(result.detections.size()));
  frame_.End();
  Go(FrameAction::kComplete);
  Go(FrameAction::kArchive);
}

void FrameWork::Refused(const base::Error& error) {
  queue_.End();
  frame_.Fail(error);
  frame_.End();
  metrics_.FrameFailed(door_, camera_, error);
  Lost(error);
}

void FrameWork::Failed(const base::Error& error) {
  frame_.Fail(error);
  frame_.End();
  metrics_.FrameFailed(door_, camera_, error);
  Lost(error);
  Go(FrameAction::kFail);
  Go(FrameAction::kArchive);
}

}  // namespace sampleproc::process
