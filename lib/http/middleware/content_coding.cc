#include "http/middleware/content_coding.h"

#include <string>

#include "http/error_response.h"

namespace sampleproc::http {
namespace {

// The name is the sender's, so only a short one of plain letters is repeated.
std::string Named(std::string_view coding) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-, ";
  const bool plain = coding.size() <= 32 && coding.find_first_not_of(kLetters) == coding.npos;
  return plain ? " (" + std::string(coding) + ")" : std::string();
}

}  // namespace

std::optional<Response> ContentCoding::OnHead(Request& request) {
  const auto coding = request.Find("Content-Encoding");
  if (!coding || coding->empty() || EqualsIgnoreCase(*coding, "identity")) return std::nullopt;
  Response response = ErrorResponse(
      base::Fail(base::ErrorCode::kUnsupportedFormat,
                 "the body has a Content-Encoding" + Named(*coding) +
                     ", and none is undone here: send it as it is, without that field")
          .error(),
      request.path, request.request_id);
  response.AddField("Accept-Encoding", "identity");
  return response;
}

}  // namespace sampleproc::http
