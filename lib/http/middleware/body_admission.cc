#include "http/middleware/body_admission.h"

#include <string>

#include "http/error_response.h"

namespace sampleproc::http {

std::optional<Response> BodyAdmission::OnHead(Request& request) {
  if (!request.content_length || *request.content_length == 0) return std::nullopt;
  if (*request.content_length > max_request_bytes_) {
    return ErrorResponse(
        base::Fail(base::ErrorCode::kTooLarge,
                   "the request body of " + std::to_string(*request.content_length) +
                       " bytes is larger than " + std::to_string(max_request_bytes_) +
                       " bytes (http.max_request_bytes)")
            .error(),
        request.path, request.request_id);
  }
  auto reserved = budget_.TryReserve(*request.content_length, "the request body");
  if (!reserved) {
    base::Error error = reserved.error();
    // To the sender a body over the whole budget is a body that is too large.
    if (error.code == base::ErrorCode::kInvalidFrame) error.code = base::ErrorCode::kTooLarge;
    return ErrorResponse(error, request.path, request.request_id);
  }
  request.reservation = std::move(*reserved);
  return std::nullopt;
}

}  // namespace sampleproc::http
