#include "http/router.h"

#include <exception>
#include <utility>

#include "http/error_response.h"

namespace sampleproc::http {

Responder::~Responder() {
  if (!deliver_) return;
  try {
    Send(ErrorResponse({base::ErrorCode::kInternal, "the request was dropped", {}, {}}, "", ""));
  } catch (const std::exception&) {
    deliver_ = nullptr;  // out of memory even for this; the request's deadline will answer it
  }
}

void Responder::Send(Response response) {
  // Emptied first: the delivery may destroy whoever holds this.
  Deliver deliver = std::exchange(deliver_, nullptr);
  if (deliver) deliver(std::move(response));
}

base::Result<const Route*> Router::Find(Method method, std::string_view path,
                                        std::string* allow) const {
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  std::string methods;
  for (const Route& route : routes_) {
    if (route.path != path) continue;
    if (route.method == wanted) return &route;
    if (!methods.empty()) methods += ", ";
    methods += MethodName(route.method);
    if (route.method == Method::kGet) methods += ", HEAD";
  }
  if (methods.empty()) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "there is nothing at this path; GET / lists what there is");
  }
  if (allow != nullptr) *allow = methods;
  return base::Fail(base::ErrorCode::kMethodNotAllowed, "this path answers " + methods + " only");
}

}  // namespace sampleproc::http
