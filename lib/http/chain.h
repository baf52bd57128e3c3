// What every request passes on its way to a handler and every answer on its way out.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "http/message.h"

namespace sampleproc::http {

// One concern. Objects are shared by all connections and threads: anything that changes in them is
// their own to lock.
class Middleware {
 public:
  virtual ~Middleware() = default;

  // Called when the head has been read and before any of the body is: this is where refusing is
  // cheap. A response ends the request there, with its body unread.
  virtual std::optional<Response> OnHead(Request&) { return std::nullopt; }

  // Called instead of OnHead for what is refused before it: a head that could not be parsed, of
  // which `request` holds its method and path as far as they could be read, or a connection too
  // many.
  virtual void OnRefusal(Request&) {}

  // Called for every answer, refusals included.
  virtual void OnResponse(const Request&, Response&) {}
};

// Outermost first.
class Chain {
 public:
  explicit Chain(std::vector<std::unique_ptr<Middleware>> links) : links_(std::move(links)) {}

  // Asks the links in order and stops at the first that answers.
  std::optional<Response> OnHead(Request& request) const;
  void OnRefusal(Request& request) const;
  // Runs the links innermost first.
  void OnResponse(const Request& request, Response& response) const;

 private:
  std::vector<std::unique_ptr<Middleware>> links_;
};

}  // namespace sampleproc::http
