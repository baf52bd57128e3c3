#include "http/message.h"
#include "loadtest/audit_checks.h"

namespace sampleproc::loadtest {
namespace {

using Status = AuditItem::Status;

struct Header {
  std::string_view name;
  std::string_view value;
};
constexpr Header kHeaders[] = {{"X-Content-Type-Options", "nosniff"},
                               {"X-Frame-Options", "DENY"},
                               {"X-XSS-Protection", "1; mode=block"},
                               {"Referrer-Policy", "strict-origin-when-cross-origin"}};

// The names of those that are missing or have another value, "" when none is.
std::string MissingHeaders(const ResponseReader& answer) {
  std::string missing;
  for (const Header& header : kHeaders) {
    if (http::EqualsIgnoreCase(answer.Field(header.name), header.value)) continue;
    missing.append(missing.empty() ? "" : ", ").append(header.name);
  }
  return missing;
}

struct Case {
  std::string what;
  AuditRequest request;
};

std::vector<Case> ErrorCases() {
  return {{"an unknown path", {.path = "/no-such-path"}},
          {"DELETE /health", {.method = "DELETE", .path = "/health"}},
          {"a frame that is none",
           {.method = "POST",
            .path = "/process",
            .fields = "Content-Type: application/json\r\n",
            .body = "{\"frame_data\":\"test\"}"}},
          {"a declared body of 1 TB",
           {.method = "POST", .path = "/process", .declared = 1'000'000'000'000}},
          {"a field of 40 KB", {.fields = "X-Large: " + std::string(40'000, 'x') + "\r\n"}},
          {"a Host with spaces", {.host = "host name with spaces"}}};
}

constexpr std::string_view kForeignOrigin = "https://somewhere-else.example";

AuditRequest WithOrigin(std::string_view origin) {
  AuditRequest request;
  request.fields = "Origin: " + std::string(origin) + "\r\n";
  return request;
}

}  // namespace

Finding CheckSecurityHeaders(const AuditClient& client, const AuditOptions& /*options*/) {
  const auto answer = client.Ask({});
  if (!answer) return NoAnswer(answer.error());
  const std::string missing = MissingHeaders(*answer);
  if (missing.empty()) return {Status::kPass, "GET /health carries all four with their values"};
  return {Status::kFail, "GET /health: missing or different: " + missing,
          "set X-Content-Type-Options, X-Frame-Options, X-XSS-Protection and Referrer-Policy on "
          "every answer; a proxy in front may take them away"};
}

Finding CheckErrorHeaders(const AuditClient& client, const AuditOptions& /*options*/) {
  std::string without;
  std::string seen;
  std::optional<base::Error> silent = base::Error{};
  for (const Case& each : ErrorCases()) {
    const auto answer = client.Ask(each.request);
    if (!answer && silent) silent = answer.error();
    if (answer) silent.reset();
    // What waits for the rest of a body, or takes what others refuse, has no error to look at.
    if (!answer || answer->status() < 400) continue;
    const std::string which = each.what + " (" + std::to_string(answer->status()) + ")";
    const std::string missing = MissingHeaders(*answer);
    std::string& list = missing.empty() ? seen : without;
    list += (list.empty() ? "" : "; ") + which + (missing.empty() ? "" : ": " + missing);
  }
  if (silent) return NoAnswer(*silent);
  if (!without.empty()) {
    return {Status::kFail, "errors without security headers: " + without,
            "set the headers on errors and refusals, too, those of the server itself included"};
  }
  if (seen.empty())
    return {Status::kNotApplicable, "nothing that was asked was answered by an error"};
  return {Status::kPass, "errors carry all four: " + seen};
}

Finding CheckHostHeader(const AuditClient& client, const AuditOptions& /*options*/) {
  return ExpectStatus(client, {.host = "not-the-host.example"}, {400, 421},
                      "GET /health with Host: not-the-host.example",
                      "name the hosts in http.allowed_hosts (ALLOWED_HOSTS), without *");
}

Finding CheckCorsRefused(const AuditClient& client, const AuditOptions& options) {
  const auto answer = client.Ask(WithOrigin(kForeignOrigin));
  if (!answer) return NoAnswer(answer.error());
  const std::string_view allowed = answer->Field("Access-Control-Allow-Origin");
  const bool with_credentials = answer->Field("Access-Control-Allow-Credentials") == "true";
  std::string evidence = "Origin " + std::string(kForeignOrigin) + ": ";
  if (allowed.empty()) return {Status::kPass, evidence + "not let in"};
  evidence += "let in (Access-Control-Allow-Origin" + std::string(allowed == "*" ? ": *)" : ")");
  if (allowed == "*" && !with_credentials && !options.production) {
    return {Status::kPass, evidence + ", without credentials, which suits staging"};
  }
  return {Status::kFail, evidence,
          "name the origins in http.cors_origins (CORS_ORIGINS), without * in production"};
}

Finding CheckCorsAllowed(const AuditClient& client, const AuditOptions& options) {
  if (options.origin.empty()) {
    return {Status::kNotApplicable,
            "no origin is known that should be let in; name it with --origin"};
  }
  const auto answer = client.Ask(WithOrigin(options.origin));
  if (!answer) return NoAnswer(answer.error());
  AuditRequest preflight = WithOrigin(options.origin);
  preflight.method = "OPTIONS";
  preflight.path = "/process";
  preflight.fields += "Access-Control-Request-Method: POST\r\n";
  const auto leave = client.Ask(preflight);
  if (!leave) return NoAnswer(leave.error());
  preflight.fields = "Origin: " + options.origin + "\r\nAccess-Control-Request-Method: DELETE\r\n";
  const auto refusal = client.Ask(preflight);
  if (!refusal) return NoAnswer(refusal.error());
  if (auto other = AboutSomethingElse(client, *answer, "GET /health with an Origin")) return *other;
  const auto lets_in = [&options](const ResponseReader& reader) {
    const std::string_view allowed = reader.Field("Access-Control-Allow-Origin");
    return allowed == options.origin || allowed == "*";
  };
  if (!lets_in(*answer) || !lets_in(*leave)) {
    return {Status::kFail, "Origin " + options.origin + " is not let in by GET and a preflight",
            "add it to http.cors_origins (CORS_ORIGINS)"};
  }
  if (refusal->Field("Access-Control-Allow-Methods").find("DELETE") != std::string_view::npos) {
    return {Status::kFail, "a preflight allows DELETE", "allow GET and POST only"};
  }
  return {Status::kPass,
          "Origin " + options.origin + " is let in with POST; DELETE is not allowed"};
}

Finding CheckTls(const AuditClient& client, const AuditOptions& options) {
  if (client.has_tls()) {
    const auto answer = client.Ask({});
    if (!answer) return NoAnswer(answer.error());
    if (!answer->Field("Strict-Transport-Security").empty()) {
      return {Status::kPass, "TLS 1.2 or newer with a certificate that is trusted, and HSTS"};
    }
    return {Status::kFail, "TLS, but no Strict-Transport-Security", "send HSTS on every answer"};
  }
  if (!options.production) return {Status::kNotApplicable, "the target is http"};
  return {Status::kFail, "the target is http: what is sent can be read on its way",
          "set http.tls_cert and http.tls_key, or audit the address where TLS ends"};
}

}  // namespace sampleproc::loadtest
