#include "http/session_answers.h"

#include <exception>
#include <string>
#include <utility>

#include "http/error_response.h"

namespace sampleproc::http {

using base::ErrorCode;
using std::chrono::milliseconds;

base::Error SlowHead() {
  return {
      ErrorCode::kRequestTimeout, "the request head came too slowly (http.header_timeout)", {}, {}};
}

base::Error StoppedInHead() {
  return {ErrorCode::kShuttingDown, "the service ends, before the request head was there", {}, {}};
}

base::Error HeadEnds() {
  return {ErrorCode::kBadRequest,
          "the request head ends before the empty line behind its fields",
          {},
          {}};
}

base::Error PlainHttp() {
  return {ErrorCode::kBadRequest,
          "this is plain HTTP, and this port speaks TLS: https://, or leave out http.tls_cert",
          {},
          {}};
}

base::Error TooManyConnections() {
  return {
      ErrorCode::kOverloaded,
      "too many connections (http.max_connections, http.max_connections_per_client), or no file "
      "descriptor is left for one more (ulimit -n)",
      {},
      {}};
}

namespace {

// Of what a worker has learnt of it.
FrameNote::Facts FrameOf(const Request& request) {
  return request.frame ? request.frame->Get() : FrameNote::Facts();
}

Response Refusal(const base::Error& error, const Request& request) {
  FrameNote::Facts frame = FrameOf(request);
  Response response = ErrorResponse(error, request.path, request.request_id, frame.frame_id);
  response.frame_id = std::move(frame.frame_id);
  response.camera = std::move(frame.camera);
  return response;
}

}  // namespace

Response TooLate(milliseconds limit, const Request& request) {
  return Refusal(
      {ErrorCode::kDeadline,
       "no answer within " + std::to_string(limit.count()) + " ms (http.request_deadline)",
       {},
       {}},
      request);
}

Response CutOff(const Request& request) {
  return Refusal(
      {ErrorCode::kShuttingDown, "the service ended before the answer was ready", {}, {}}, request);
}

Response ClientGone(const Request& request) {
  Response none;
  FrameNote::Facts frame = FrameOf(request);
  none.frame_id = std::move(frame.frame_id);
  none.camera = std::move(frame.camera);
  none.status = 499;
  none.detail = "the client has gone before its answer";
  none.error_type = base::ErrorCodeName(ErrorCode::kCancelled);
  return none;
}

Response OutOfMemory(const Request& request) noexcept {
  try {
    return ErrorResponse({ErrorCode::kOverloaded, "no memory for this request now", {}, {}},
                         request.path, request.request_id);
  } catch (const std::exception&) {
    return BareResponse();
  }
}

void EndUnanswered(const Request& request) noexcept {
  request.span.Fail("cancelled", "the connection ended before the answer");
  request.span.End();
}

}  // namespace sampleproc::http
