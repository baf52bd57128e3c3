#include "http/router.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "http/error_response.h"

namespace sampleproc::http {
namespace {

bool Matches(std::string_view pattern, std::string_view path) {
  if (!pattern.contains('{')) return pattern == path;
  for (;;) {
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    const std::string_view text = path.substr(0, path.find('/'));
    if (part.starts_with('{') ? text.empty() : part != text) return false;
    const bool last = part.size() == pattern.size();
    if (last || text.size() == path.size()) return last && text.size() == path.size();
    pattern.remove_prefix(part.size() + 1);
    path.remove_prefix(text.size() + 1);
  }
}

}  // namespace

Responder::~Responder() {
  if (!deliver_) return;
  Response response;
  try {
    response =
        ErrorResponse({base::ErrorCode::kInternal, "the request was dropped", {}, {}}, "", "");
  } catch (const std::exception&) {
    response = BareResponse();
  }
  Send(std::move(response));
}

void Responder::Send(Response response) {
  // Emptied first: the delivery may destroy whoever holds this.
  Deliver deliver = std::exchange(deliver_, nullptr);
  if (deliver) deliver(std::move(response));
}

const Route* Router::Find(Method method, std::string_view path) const {
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  const Route* found = nullptr;
  for (const Route& route : routes_) {
    if (route.method != wanted || !Matches(route.path, path)) continue;
    if (route.path == path) return &route;
    if (found == nullptr) found = &route;
  }
  return found;
}

std::string Router::Allowed(std::string_view path) const {
  std::vector<std::string_view> methods;
  const auto add = [&](std::string_view name) {
    if (std::ranges::find(methods, name) == methods.end()) methods.push_back(name);
  };
  for (const Route& route : routes_) {
    if (path != "*" && !Matches(route.path, path)) continue;
    add(MethodName(route.method));
    if (route.method == Method::kGet) add("HEAD");
  }
  if (methods.empty()) return {};
  add("OPTIONS");
  std::string list;
  for (const std::string_view name : methods) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

Response Router::Refuse(const Request& request) const {
  const std::string allowed = Allowed(request.path);
  if (allowed.empty()) {
    return ErrorResponse(
        {base::ErrorCode::kNotFound, "no such path; GET / lists the endpoints", {}, {}},
        request.path, request.request_id);
  }
  Response response;
  if (request.method == Method::kOptions) {
    response.status = 204;
  } else {
    response = ErrorResponse(
        {base::ErrorCode::kMethodNotAllowed, "this path answers " + allowed + " only", {}, {}},
        request.path, request.request_id);
  }
  response.AddField("Allow", allowed);
  return response;
}

}  // namespace sampleproc::http
