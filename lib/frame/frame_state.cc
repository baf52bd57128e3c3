#include "frame/frame_state.h"

namespace sampleproc::frame {
namespace {

struct Transition {
  FrameState from;
  FrameAction action;
  FrameState to;
};

using enum FrameState;

constexpr Transition kTransitions[] = {
    {kReceived, FrameAction::kValidate, kValidated},
    {kValidated, FrameAction::kQueue, kQueued},
    {kQueued, FrameAction::kStart, kProcessing},
    {kProcessing, FrameAction::kComplete, kCompleted},
    {kProcessing, FrameAction::kFail, kFailed},
    {kFailed, FrameAction::kRetry, kRetry},
    {kRetry, FrameAction::kRequeue, kQueued},
    {kCompleted, FrameAction::kArchive, kArchived},
    {kFailed, FrameAction::kArchive, kArchived},
};

}  // namespace

std::string_view FrameStateName(FrameState state) {
  constexpr std::array<std::string_view, kFrameStates> kNames = {
      "RECEIVED", "VALIDATED", "QUEUED", "PROCESSING", "COMPLETED", "FAILED", "RETRY", "ARCHIVED"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view FrameActionName(FrameAction action) {
  constexpr std::array<std::string_view, kFrameActions> kNames = {
      "validate", "queue", "start", "complete", "fail", "retry", "requeue", "archive"};
  return kNames[static_cast<std::size_t>(action)];
}

std::optional<FrameState> NextState(FrameState state, FrameAction action) {
  for (const Transition& transition : kTransitions) {
    if (transition.from == state && transition.action == action) return transition.to;
  }
  return std::nullopt;
}

}  // namespace sampleproc::frame
