#include "http/middleware/auth.h"

#include "http/error_response.h"
#include "http/router.h"

namespace sampleproc::http {

std::optional<Response> Auth::OnHead(Request& request) {
  if (request.caller.token) return std::nullopt;
  if (request.route != nullptr && request.route->open) return std::nullopt;
  const bool shown = request.Find("Authorization").has_value();
  Response response = ErrorResponse(
      {base::ErrorCode::kUnauthorized,
       shown ? "the Authorization field holds no token that is known here"
             : "a token is needed: Authorization: Bearer TOKEN (http.auth_tokens_file)",
       {},
       {}},
      request.path, request.request_id);
  response.AddField("WWW-Authenticate", shown ? "Bearer error=\"invalid_token\"" : "Bearer");
  return response;
}

}  // namespace sampleproc::http
