#include "consumer/verdict.h"

namespace sampleproc::consumer {

using base::ErrorCode;

Verdict VerdictOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConfig:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kRequestTimeout:
    case ErrorCode::kRateLimited:
    case ErrorCode::kOverloaded:
    case ErrorCode::kIo:
    case ErrorCode::kUnavailable:
      return Verdict::kTransient;
    case ErrorCode::kDeadline:
    case ErrorCode::kInternal:
      return Verdict::kDoubtful;
    case ErrorCode::kNotFound:
      return Verdict::kNoPixels;
    case ErrorCode::kShuttingDown:
    case ErrorCode::kCancelled:
      return Verdict::kReturned;
    case ErrorCode::kUsage:
    case ErrorCode::kBadRequest:
    case ErrorCode::kMethodNotAllowed:
    case ErrorCode::kNotAcceptable:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUriTooLong:
    case ErrorCode::kHeadTooLarge:
    case ErrorCode::kUnsupportedFormat:
    case ErrorCode::kInvalidFrame:
    case ErrorCode::kExpectationFailed:
    case ErrorCode::kNotImplemented:
    case ErrorCode::kHttpVersion:
      break;
  }
  return Verdict::kFrameFault;
}

}  // namespace sampleproc::consumer
