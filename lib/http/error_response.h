// An Error as an HTTP answer: the one place that chooses a status.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "http/message.h"

namespace sampleproc::http {

// The status of an error code.
int StatusOf(base::ErrorCode code);

// How much such an answer matters to the operator: a fault of the service is an error, work that it
// turns away or does not end a warning. What is wrong with a request (501 and 505, too) is its
// sender's business.
base::LogLevel LogLevelOf(int status);

// "Too Many Requests"; empty for a status we never send.
std::string_view ReasonPhrase(int status);

// A problem document (RFC 9457, application/problem+json):
//
//   {"type": "urn:sampleproc:problem:<code name>", "title": reason phrase, "status": n,
//    "detail": the message, "instance": path, "request_id": id, "frame_id": of the frame,
//    "errors": [{"type", "loc": [...], "msg"}]}
//
// `frame_id` is there when it is known which frame it is about, `errors` when the error has
// problems. Every 429 and 503 has a Retry-After: the error's,
// or 1.
Response ErrorResponse(const base::Error& error, std::string_view path, std::string_view request_id,
                       std::string_view frame_id = {});

// 416 to who asks for a range of something of `size` bytes that has none of them (RFC 9110 section
// 15.5.17).
Response RangeNotSatisfiable(std::uint64_t size, std::string_view path,
                             std::string_view request_id);

// 503 and nothing else, which ends the connection: for where there is no memory for more.
Response BareResponse() noexcept;

}  // namespace sampleproc::http
