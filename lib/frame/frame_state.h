// The life of a frame, as one table:
//
//   RECEIVED --validate--> VALIDATED --queue--> QUEUED --start--> PROCESSING --complete-->
//   COMPLETED
//                                                  ^                  |                        |
//                                                  |                 fail                   archive
//                                               requeue               v                        v
//                                                RETRY <--retry--- FAILED -----archive---->
//                                                ARCHIVED
//
// Anything that is not drawn is invalid.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sampleproc::frame {

enum class FrameState : std::uint8_t {
  kReceived,    // a door has its bytes
  kValidated,   // its message is sound
  kQueued,      // it waits for a worker
  kProcessing,  // a worker has it
  kCompleted,   // there is a result
  kFailed,      // there is an error
  kRetry,       // it will be tried again
  kArchived,    // nobody works on it any more; the end
};
constexpr std::size_t kFrameStates = 8;

enum class FrameAction : std::uint8_t {
  kValidate,
  kQueue,
  kStart,
  kComplete,
  kFail,
  kRetry,
  kRequeue,
  kArchive,
};
constexpr std::size_t kFrameActions = 8;

// "RECEIVED", "QUEUED"...: the words of the original service's metrics.
std::string_view FrameStateName(FrameState state);

// "validate", "queue"...
std::string_view FrameActionName(FrameAction action);

// The state that `action` leads to, or nothing when it is invalid in `state`.
std::optional<FrameState> NextState(FrameState state, FrameAction action);

}  // namespace sampleproc::frame
