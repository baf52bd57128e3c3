#include "http/middleware/content_coding.h"

#include <algorithm>
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
  // Several fields are one list (RFC 9110 section 5.3).
  const auto names_one = [](const Field& field) {
    return EqualsIgnoreCase(field.name, "Content-Encoding") && !field.value.empty() &&
           !EqualsIgnoreCase(field.value, "identity");
  };
  const auto coding = std::ranges::find_if(request.fields, names_one);
  if (coding == request.fields.end()) return std::nullopt;
  Response response = ErrorResponse(
      base::Fail(base::ErrorCode::kUnsupportedFormat,
                 "the body has a Content-Encoding" + Named(coding->value) +
                     ", and none is undone here: send it as it is, without that field")
          .error(),
      request.path, request.request_id);
  response.AddField("Accept-Encoding", "identity");
  return response;
}

}  // namespace sampleproc::http
