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
  using Deliver = std::move_only_function<void(Response)>;  // must not throw

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

// How a route is described in an OpenAPI document: texts for people, names of the document's
// components, "" for none.
struct Description {
  std::string_view id;  // unique
  std::string_view tag;
  std::string_view summary;
  std::string_view text = {};
  std::string_view parameters = {};  // "frame_id width"
  std::string_view body = {};        // the request body
  std::string_view answers = {};     // members of a Responses Object, as JSON
  std::string_view refusals = {};    // statuses of problem documents, "413 422", beside those that
                                     // every route has
};

struct Route {
  Method method;     // kGet answers HEAD as well
  std::string path;  // a part of it may be a parameter: "/cameras/{id}"; see PathParameter
  Handler handler = {};
  bool open = false;       // needs no token: probes, whose senders cannot have one
  bool unlimited = false;  // outside the rate limit, answered while draining: how to look at us
  bool frames = false;     // takes frames, whose failures are told whatever else is
  bool counted = true;     // in the rate limit also of those who may ask; false: pages ask it often
  Description description = {};
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // The route of a request, or nullptr. A parameter stands for one part of the path that is not
  // empty; a route without one comes before those that would take its path as a parameter.
  const Route* Find(Method method, std::string_view path) const;

  // The answer to a request that has no route: 204 with Allow to OPTIONS (of a path there is, or of
  // "*"), else a problem: 404, or 405 with Allow.
  Response Refuse(const Request& request) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  // The methods that a path answers, "GET, HEAD, OPTIONS"; of all paths for "*", "" for none.
  std::string Allowed(std::string_view path) const;

  std::vector<Route> routes_;
};

}  // namespace sampleproc::http
