#include "base/error.h"

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace sampleproc::base {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kConfig:
      return "config";
    case ErrorCode::kBadRequest:
      return "bad-request";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kMethodNotAllowed:
      return "method-not-allowed";
    case ErrorCode::kNotAcceptable:
      return "not-acceptable";
    case ErrorCode::kTooLarge:
      return "too-large";
    case ErrorCode::kUriTooLong:
      return "uri-too-long";
    case ErrorCode::kHeadTooLarge:
      return "head-too-large";
    case ErrorCode::kUnsupportedFormat:
      return "unsupported-format";
    case ErrorCode::kInvalidFrame:
      return "invalid-frame";
    case ErrorCode::kExpectationFailed:
      return "expectation-failed";
    case ErrorCode::kNotImplemented:
      return "not-implemented";
    case ErrorCode::kHttpVersion:
      return "http-version";
    case ErrorCode::kRequestTimeout:
      return "request-timeout";
    case ErrorCode::kRateLimited:
      return "rate-limited";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kShuttingDown:
      return "shutting-down";
    case ErrorCode::kDeadline:
      return "deadline";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message), {}, std::nullopt});
}

std::unexpected<Error> Fail(ErrorCode code, std::vector<Problem> problems) {
  std::string message;
  if (!problems.empty()) {
    for (const std::string& part : problems.front().loc) {
      if (!message.empty()) message += '.';
      message += part;
    }
    if (!message.empty()) message += ": ";
    message += problems.front().msg;
    if (problems.size() > 1) {
      message += " (and " + std::to_string(problems.size() - 1) + " more)";
    }
  }
  return std::unexpected(Error{code, std::move(message), std::move(problems), std::nullopt});
}

Error SystemError(const std::string& what, int error_number) {
  const bool missing = error_number == ENOENT || error_number == ENOTDIR;
  return {missing ? ErrorCode::kNotFound : ErrorCode::kIo,
          what + ": " + std::generic_category().message(error_number),
          {},
          std::nullopt};
}

std::unexpected<Error> FailWithErrno(const std::string& what) {
  Error error = SystemError(what, errno);
  error.code = ErrorCode::kIo;
  return std::unexpected(std::move(error));
}

}  // namespace sampleproc::base
