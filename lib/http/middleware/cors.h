// Lets pages of other origins ask: the CORS protocol of the Fetch standard.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/chain.h"

namespace sampleproc::http {

// Whether `text` is an origin as browsers send it: scheme "://" host [":" port], lower case,
// nothing behind; or "null", or "*".
bool IsOrigin(std::string_view text);

// A preflight (OPTIONS with Origin and Access-Control-Request-Method) is answered here for every
// path: 204, or 400 when the origin, the method (GET and POST are allowed) or a field is not. Other
// requests are served whoever sent them, as CORS only decides what a browser shows its page; the
// answer says so to origins of the list. With a list every answer has Vary: Origin, so that no
// cache gives one origin the answer for another. "*" allows any origin, never with credentials: the
// configuration refuses the two together.
class Cors final : public Middleware {
 public:
  Cors(std::vector<std::string> origins, bool credentials);

  std::optional<Response> OnHead(Request& request) override;
  void OnResponse(const Request& request, Response& response) override;

 private:
  bool Allows(std::string_view origin) const;
  Response Preflight(const Request& request, std::string_view origin,
                     std::string_view method) const;

  const std::vector<std::string> origins_;
  const bool credentials_;
  bool any_;
};

}  // namespace sampleproc::http
