// The one error value of the project. Expected failures are values of this type inside
// std::expected; exceptions are left for bugs and out-of-memory.
//
// An Error says what was wrong, where, and what would be right. It never carries the input
// itself: it travels to clients, logs and records. What HTTP status or exit code it amounts to is
// decided elsewhere (http/error_response.cc, apps/exit_code.h), never here.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::base {

enum class ErrorCode {
  kUsage,              // the command line is wrong
  kConfig,             // the configuration is wrong
  kBadRequest,         // the message is malformed as a message (framing, syntax of the head)
  kUnauthorized,       // no token, or not one we know
  kNotFound,           // no such route, file or key
  kMethodNotAllowed,   // the route exists, this method does not
  kNotAcceptable,      // none of the representations asked for exists
  kTooLarge,           // more bytes than the limit, refused before they are read
  kUriTooLong,         // the request target is longer than the limit
  kHeadTooLarge,       // the request head has more bytes or fields than the limit
  kUnsupportedFormat,  // not a picture format we read
  kInvalidFrame,       // the frame or its description breaks a rule; `problems` lists each
  kExpectationFailed,  // an Expect field we do not know
  kNotImplemented,     // a method or transfer coding we do not know
  kHttpVersion,        // an HTTP version we do not speak
  kRequestTimeout,     // the peer was too slow
  kRateLimited,        // this caller has used up its quota; `retry_after` says for how long
  kOverloaded,         // no room now; worth trying again after `retry_after`
  kShuttingDown,       // the service is draining
  kDeadline,           // the work took longer than it may
  kCancelled,          // whoever asked is gone
  kIo,                 // disk or socket failed
  kUnavailable,        // a peer cannot be reached, or an address cannot be listened on
  kInternal,           // a bug of ours
};

// The stable lower-case name ("invalid-frame"): the last part of a problem type, the `type` of an
// error record, the value of an error metric's label.
std::string_view ErrorCodeName(ErrorCode code);

// One thing that is wrong. `type` is a stable word ("base64_padding"), `loc` the path to the place
// ({"body", "frame_data"}), `msg` a sentence that names the rule.
struct Problem {
  std::string type;
  std::vector<std::string> loc;
  std::string msg;

  bool operator==(const Problem&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;            // one sentence, no trailing newline
  std::vector<Problem> problems;  // empty when `message` says all
  std::optional<std::chrono::seconds> retry_after;

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;

// Fail(kIo, "cannot open FILE: no such file") as the operand of a return statement.
std::unexpected<Error> Fail(ErrorCode code, std::string message);

// An error made of problems; its message is the first problem's with its place.
std::unexpected<Error> Fail(ErrorCode code, std::vector<Problem> problems);

// "WHAT: No such file or directory": kNotFound when `error_number` says that something is not
// there, else kIo.
Error SystemError(const std::string& what, int error_number);

// The same for errno, as the operand of a return statement, and always kIo: where what is missing
// is our own, it is no fault of whoever asked.
std::unexpected<Error> FailWithErrno(const std::string& what);

}  // namespace sampleproc::base
