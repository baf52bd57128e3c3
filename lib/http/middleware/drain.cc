#include "http/middleware/drain.h"

#include "http/error_response.h"
#include "http/router.h"

namespace sampleproc::http {

std::optional<Response> Drain::OnHead(Request& request) {
  if (!refusing_() || request.inherited) return std::nullopt;
  if (request.route != nullptr && request.route->unlimited) return std::nullopt;
  Response response =
      ErrorResponse({base::ErrorCode::kShuttingDown, "Service is shutting down", {}, {}},
                    request.path, request.request_id);
  response.close = true;
  return response;
}

}  // namespace sampleproc::http
