// Which handler answers which path: one table, looked up before a body is read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace sampleproc::http {

// Takes the answer to one request, once, from any thread. Dropping it unused answers 500, so a
// request can never be left hanging. The connection may be gone by then; that is no concern of the
// caller's.
class Responder {
 public:
  using Deliver = std::move_only_function<void(Response)>;

  explicit Responder(Deliver deliver) : deliver_(std::move(deliver)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  void Send(Response response);

 private:
  Deliver deliver_;
};

// Runs on an I/O thread and must not block it: answer at once or hand the responder on. `request`
// may be moved from; its views are valid until the handler returns, so work that is handed on takes
// copies along.
using Handler = std::function<void(Request& request, Responder respond)>;

struct Route {
  Method method;  // kGet answers HEAD as well
  std::string path;
  Handler handler;
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // The route of a request; fails with kNotFound, or kMethodNotAllowed with `*allow` set to the
  // methods the path has ("GET, HEAD, POST").
  base::Result<const Route*> Find(Method method, std::string_view path, std::string* allow) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace sampleproc::http
