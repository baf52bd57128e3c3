#include "http/middleware/cors.h"

#include <algorithm>

#include "http/error_response.h"

namespace sampleproc::http {
namespace {

// Fields that a page may send: those that need no leave anyway, and ours.
constexpr std::string_view kAllowedFields[] = {
    "Accept",       "Accept-Language", "Authorization", "Content-Language",
    "Content-Type", "X-Request-ID",    "traceparent",   "tracestate"};
constexpr std::string_view kAllowedFieldsText =
    "Accept, Accept-Language, Authorization, Content-Language, Content-Type, X-Request-ID, "
    "traceparent, tracestate";
constexpr std::string_view kExposedFieldsText =
    "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, traceparent";

bool AllowsMethod(std::string_view method) { return method == "GET" || method == "POST"; }

bool AllowsFields(std::string_view list) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name.empty()) continue;
    if (std::ranges::none_of(kAllowedFields,
                             [&](auto allowed) { return EqualsIgnoreCase(allowed, name); })) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool IsOrigin(std::string_view text) {
  if (text == "*" || text == "null") return true;
  const auto colon = text.find("://");
  if (colon == text.npos || colon == 0) return false;
  const auto lower = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '+';
  };
  if (!std::ranges::all_of(text.substr(0, colon), lower)) return false;
  const std::string_view host = text.substr(colon + 3);
  return !host.empty() && std::ranges::all_of(host, [&](char c) {
    return lower(c) || c == ':' || c == '[' || c == ']' || c == '_';
  });
}

Cors::Cors(std::vector<std::string> origins, bool credentials)
    : origins_(std::move(origins)),
      credentials_(credentials),
      any_(std::ranges::find(origins_, "*") != origins_.end()) {}

bool Cors::Allows(std::string_view origin) const {
  return any_ || std::ranges::find(origins_, origin) != origins_.end();
}

std::optional<Response> Cors::OnHead(Request& request) {
  if (request.method != Method::kOptions) return std::nullopt;
  const auto origin = request.Find("Origin");
  const auto method = request.Find("Access-Control-Request-Method");
  if (!origin || !method) return std::nullopt;
  return Preflight(request, *origin, *method);
}

Response Cors::Preflight(const Request& request, std::string_view origin,
                         std::string_view method) const {
  std::string wrong;
  const auto object = [&](std::string_view what) {
    wrong.append(wrong.empty() ? "Disallowed CORS " : ", ").append(what);
  };
  if (!Allows(origin)) object("origin");
  if (!AllowsMethod(method)) object("method");
  if (!AllowsFields(request.Find("Access-Control-Request-Headers").value_or(""))) object("headers");
  Response response;
  if (wrong.empty()) {
    response.status = 204;
  } else {
    response = ErrorResponse({base::ErrorCode::kBadRequest, wrong, {}, {}}, request.path,
                             request.request_id);
  }
  response.AddField("Access-Control-Allow-Methods", "GET, POST");
  response.AddField("Access-Control-Allow-Headers", kAllowedFieldsText);
  response.AddField("Access-Control-Max-Age", "600");
  return response;
}

void Cors::OnResponse(const Request& request, Response& response) {
  if (!any_) response.AddField("Vary", "Origin");
  const auto origin = request.Find("Origin");
  if (!origin || !Allows(*origin)) return;
  response.AddField("Access-Control-Allow-Origin", any_ ? std::string_view("*") : *origin);
  if (credentials_) response.AddField("Access-Control-Allow-Credentials", "true");
  response.AddField("Access-Control-Expose-Headers", kExposedFieldsText);
}

}  // namespace sampleproc::http
