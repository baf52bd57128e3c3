// One error, one meaning, at each door.
#include <catch2/catch.hpp>
#include <string>

#include "apps/exit_code.h"
#include "consumer/verdict.h"
#include "http/error_response.h"

namespace sampleproc {
namespace {

using apps::ExitCode;
using base::ErrorCode;
using consumer::Verdict;

struct Row {
  ErrorCode code;
  int status;        // over HTTP
  bool retry_after;  // the answer says when to come back
  Verdict verdict;   // on a pulled frame
  ExitCode exit_code;
};

// In the enumeration's order, so that a new code without a row fails the test.
constexpr Row kTable[] = {
    // clang-format off
    {ErrorCode::kUsage,             500, false, Verdict::kFrameFault, ExitCode::kUsage},
    {ErrorCode::kConfig,            500, false, Verdict::kTransient,  ExitCode::kConfig},
    {ErrorCode::kBadRequest,        400, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kUnauthorized,      401, false, Verdict::kTransient,  ExitCode::kBadData},
    {ErrorCode::kNotFound,          404, false, Verdict::kNoPixels,   ExitCode::kIo},
    {ErrorCode::kMethodNotAllowed,  405, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kNotAcceptable,     406, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kTooLarge,          413, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kUriTooLong,        414, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kHeadTooLarge,      431, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kUnsupportedFormat, 415, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kInvalidFrame,      422, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kExpectationFailed, 417, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kNotImplemented,    501, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kHttpVersion,       505, false, Verdict::kFrameFault, ExitCode::kBadData},
    {ErrorCode::kRequestTimeout,    408, false, Verdict::kTransient,  ExitCode::kUnavailable},
    {ErrorCode::kRateLimited,       429, true,  Verdict::kTransient,  ExitCode::kUnavailable},
    {ErrorCode::kOverloaded,        503, true,  Verdict::kTransient,  ExitCode::kUnavailable},
    {ErrorCode::kShuttingDown,      503, true,  Verdict::kReturned,   ExitCode::kUnavailable},
    {ErrorCode::kDeadline,          504, false, Verdict::kDoubtful,   ExitCode::kBadData},
    {ErrorCode::kCancelled,         503, true,  Verdict::kReturned,   ExitCode::kInterrupted},
    {ErrorCode::kIo,                500, false, Verdict::kTransient,  ExitCode::kIo},
    {ErrorCode::kUnavailable,       503, true,  Verdict::kTransient,  ExitCode::kUnavailable},
    {ErrorCode::kInternal,          500, false, Verdict::kDoubtful,   ExitCode::kInternal},
    // clang-format on
};

bool HasRetryAfter(const http::Response& response) {
  return response.field_lines.find("Retry-After: ") != std::string::npos;
}

TEST_CASE("each error code has one meaning at each door") {
  CHECK(std::size(kTable) == static_cast<std::size_t>(ErrorCode::kInternal) + 1);
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    const Row& row = kTable[i];
    INFO(base::ErrorCodeName(row.code));
    CHECK(static_cast<std::size_t>(row.code) == i);
    const auto response = http::ErrorResponse({row.code, "a message", {}, {}}, "/", "1");
    CHECK(response.status == row.status);
    CHECK(http::StatusOf(row.code) == row.status);
    CHECK_FALSE(http::ReasonPhrase(row.status).empty());
    CHECK(HasRetryAfter(response) == row.retry_after);
    CHECK(consumer::VerdictOf(row.code) == row.verdict);
    CHECK(apps::ExitCodeOf(row.code) == row.exit_code);
  }
}

TEST_CASE("what is worth trying again says so at every door") {
  // A caller over HTTP that may try again is told when; the consumer tries the same things again.
  for (const Row& row : kTable) {
    INFO(base::ErrorCodeName(row.code));
    if (row.retry_after) {
      CHECK(row.verdict != Verdict::kFrameFault);
      CHECK(row.verdict != Verdict::kNoPixels);
    }
    // The frame's own fault is never ours: 4xx, or a method nobody could ask for.
    if (row.verdict == Verdict::kFrameFault && row.code != ErrorCode::kUsage) {
      CHECK(row.status != 500);
      CHECK(row.status != 503);
    }
  }
}

}  // namespace
}  // namespace sampleproc
