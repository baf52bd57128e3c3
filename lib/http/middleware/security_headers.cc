#include "http/middleware/security_headers.h"

namespace sampleproc::http {

void SecurityHeaders::OnResponse(const Request&, Response& response) {
  response.fixed_field_lines =
      "X-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\n"
      "X-XSS-Protection: 1; mode=block\r\n"
      "Referrer-Policy: strict-origin-when-cross-origin\r\n"
      "Cache-Control: no-store\r\n";
}

}  // namespace sampleproc::http
