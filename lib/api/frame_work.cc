#include "api/frame_work.h"

#include <charconv>
#include <string>
#include <utility>

namespace sampleproc::api {
namespace {

using base::Result;
using frame::FrameAction;

// The original service's form: "api_frame_" and the seconds since 1970 with their fraction.
std::string MadeUpFrameId(base::WallTime now) {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, seconds, std::chars_format::fixed, 6).ptr;
  return "api_frame_" + std::string(text, end);
}

}  // namespace

FrameWork::FrameWork(const ProcessContext& context, std::string_view id,
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
  return allowance_.Check("the queue");
}

Result<frame::FrameResult> FrameWork::Run(process::Processor& processor, frame::Frame& frame,
                                          process::CameraTurns::Turn turn) {
  if (frame.frame_id.empty()) frame.frame_id = MadeUpFrameId(clock_.Wall());
  auto result = processor.Process(frame, allowance_, std::move(turn));
  if (result) result->times.queued = queued_;
  return result;
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

}  // namespace sampleproc::api
