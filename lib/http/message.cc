#include "http/message.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "http/router.h"

namespace sampleproc::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = base::ToLower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> Decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

base::Problem PercentProblem(std::string_view where, std::string_view name) {
  return {"percent_encoding",
          {std::string(where), std::string(name)},
          "has a '%' without two hexadecimal digits behind it; a '%' itself is written %25"};
}

// The text behind '=' of the first parameter of that name, "" when it has none.
std::optional<std::string_view> FindParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (ParameterName(pair.substr(0, equals)) != name) continue;
    return equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string_view MethodName(Method method) {
  constexpr std::string_view kNames[] = {"GET",    "HEAD",    "POST",  "PUT",
                                         "DELETE", "OPTIONS", "PATCH", "TRACE"};
  return kNames[static_cast<std::size_t>(method)];
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return base::ToLower(x) == base::ToLower(y);
         });
}

void Request::Clear() {
  method = Method::kGet;
  target = path = query = unread_method = {};
  minor_version = 1;
  keep_alive = true;
  expects_continue = false;
  content_length.reset();
  chunked = false;
  fields.clear();
  begun = {};
  route = nullptr;
  caller = {};
  quota.reset();
  plain_path.clear();
  request_id.clear();
  body = {};
  reservation.Release();
  frame.reset();
  span = {};
  allowance.trace = {};
}

std::optional<std::string_view> Request::Find(std::string_view name) const {
  for (const Field& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::string ParameterName(std::string_view raw) {
  return Decoded(raw, true).value_or(std::string(raw));
}

base::Result<std::optional<std::string>> QueryParameter(std::string_view query,
                                                        std::string_view name) {
  const auto found = FindParameter(query, name);
  if (!found) return std::nullopt;
  auto decoded = Decoded(*found, true);
  if (decoded) return decoded;
  return base::Fail(base::ErrorCode::kInvalidFrame, {PercentProblem("query", name)});
}

base::Result<std::string> PathParameter(const Request& request, std::string_view name) {
  std::string_view pattern = request.route->path;
  std::string_view path = request.path;
  const std::string wanted = "{" + std::string(name) + "}";
  for (;;) {
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    const std::string_view text = path.substr(0, path.find('/'));
    if (part == wanted || part.size() >= pattern.size() || text.size() >= path.size()) {
      auto decoded = Decoded(text, false);
      if (decoded) return *std::move(decoded);
      return base::Fail(base::ErrorCode::kInvalidFrame, {PercentProblem("path", name)});
    }
    pattern.remove_prefix(part.size() + 1);
    path.remove_prefix(text.size() + 1);
  }
}

bool HasQueryParameter(std::string_view query, std::string_view name) {
  return FindParameter(query, name).has_value();
}

void Response::AddField(std::string_view name, std::string_view value) {
  if (value.find_first_of("\r\n") != value.npos) return;
  field_lines.reserve(field_lines.size() + name.size() + value.size() + 4);
  field_lines.append(name).append(": ").append(value).append("\r\n");
}

base::ByteView Response::body_bytes() const {
  if (const auto* text = std::get_if<std::string>(&body)) return base::AsBytes(*text);
  if (const auto* shared = std::get_if<SharedText>(&body)) return base::AsBytes(**shared);
  return std::get<base::ByteBuffer>(body);
}

namespace {

template <typename Text>
Response AsJson(Text json) {
  Response response;
  response.content_type = "application/json";
  response.body = std::move(json);
  return response;
}

}  // namespace

Response JsonResponse(std::string json) { return AsJson(std::move(json)); }
Response JsonResponse(SharedText json) { return AsJson(std::move(json)); }

}  // namespace sampleproc::http
