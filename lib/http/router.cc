#include "http/router.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "http/error_response.h"

namespace sampleproc::http {

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
  for (const Route& route : routes_) {
    if (route.method == wanted && route.path == path) return &route;
  }
  return nullptr;
}

std::string Router::Allowed(std::string_view path) const {
  std::vector<std::string_view> methods;
  const auto add = [&](std::string_view name) {
    if (std::ranges::find(methods, name) == methods.end()) methods.push_back(name);
  };
  for (const Route& route : routes_) {
    if (route.path != path && path != "*") continue;
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
