// What the process tells its caller. The only place that turns an error into an exit code.
#pragma once

#include "base/error.h"

namespace sampleproc::apps {

enum class ExitCode : int {
  kOk = 0,
  kSomeFailed = 1,       // some inputs failed, or warnings under --strict
  kThresholdMissed = 1,  // of loadtest: a criterion does not hold
  kUsage = 2,            // the command line is wrong
  kInvalidRun = 3,       // of loadtest: the generator was the limit
  kBadData = 65,         // all inputs are bad, or validate-config found errors (EX_DATAERR)
  kUnavailable = 69,     // cannot listen, cannot reach a peer (EX_UNAVAILABLE)
  kInternal = 70,        // a bug of ours (EX_SOFTWARE)
  kIo = 74,              // disk or pipe failed (EX_IOERR)
  kConfig = 78,          // the configuration cannot be started with (EX_CONFIG)
  kSignal = 128,         // and the number of the signal that ended it
  kInterrupted = 130,    // by SIGINT

  // The codes of `health`, which container managers know as 0 and not 0.
  kUnhealthy = 1,
  kNoAnswer = 2,
  kHealthUsage = 3,
};

// The code of a command that ends because of `error`.
constexpr ExitCode ExitCodeOf(base::ErrorCode error) {
  switch (error) {
    case base::ErrorCode::kUsage:
      return ExitCode::kUsage;
    case base::ErrorCode::kConfig:
      return ExitCode::kConfig;
    case base::ErrorCode::kIo:
    case base::ErrorCode::kNotFound:
      return ExitCode::kIo;
    case base::ErrorCode::kUnavailable:
    case base::ErrorCode::kRequestTimeout:
    case base::ErrorCode::kRateLimited:
    case base::ErrorCode::kOverloaded:
    case base::ErrorCode::kShuttingDown:
      return ExitCode::kUnavailable;
    case base::ErrorCode::kInternal:
      return ExitCode::kInternal;
    case base::ErrorCode::kCancelled:
      return ExitCode::kInterrupted;
    case base::ErrorCode::kBadRequest:
    case base::ErrorCode::kUnauthorized:
    case base::ErrorCode::kMethodNotAllowed:
    case base::ErrorCode::kNotAcceptable:
    case base::ErrorCode::kTooLarge:
    case base::ErrorCode::kUriTooLong:
    case base::ErrorCode::kHeadTooLarge:
    case base::ErrorCode::kUnsupportedFormat:
    case base::ErrorCode::kInvalidFrame:
    case base::ErrorCode::kExpectationFailed:
    case base::ErrorCode::kNotImplemented:
    case base::ErrorCode::kHttpVersion:
    case base::ErrorCode::kDeadline:
      break;
  }
  return ExitCode::kBadData;
}

}  // namespace sampleproc::apps
