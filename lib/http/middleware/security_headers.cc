#include "http/middleware/security_headers.h"

namespace sampleproc::http {
namespace {

#define SAMPLEPROC_ON_EVERY_ANSWER                       \
  "X-Content-Type-Options: nosniff\r\n"                  \
  "X-Frame-Options: DENY\r\n"                            \
  "X-XSS-Protection: 1; mode=block\r\n"                  \
  "Referrer-Policy: strict-origin-when-cross-origin\r\n" \
  "Cache-Control: no-store\r\n"

constexpr std::string_view kPlain = SAMPLEPROC_ON_EVERY_ANSWER;
constexpr std::string_view kOverTls =
    SAMPLEPROC_ON_EVERY_ANSWER "Strict-Transport-Security: max-age=31536000\r\n";

}  // namespace

void SecurityHeaders::OnResponse(const Request& request, Response& response) {
  response.fixed_field_lines = request.tls ? kOverTls : kPlain;
}

}  // namespace sampleproc::http
