#include "loadtest/audit_checks.h"

namespace sampleproc::loadtest {
namespace {

using Status = AuditItem::Status;

}  // namespace

Finding CheckHealth(const AuditClient& client, const AuditOptions& /*options*/) {
  const auto answer = client.Ask({});
  if (!answer) return NoAnswer(answer.error());
  const std::string evidence = "GET /health: " + std::to_string(answer->status());
  const std::string& body = answer->body();
  const bool has_status = body.find("\"status\"") != std::string::npos;
  const bool has_components = body.find("\"components\"") != std::string::npos;
  if (answer->status() == 200 && has_status && has_components) {
    return {Status::kPass, evidence + " with status and components"};
  }
  if (answer->status() != 503) {  // which health may say of itself
    if (auto other = AboutSomethingElse(client, *answer, "GET /health")) return *other;
  }
  return {Status::kFail,
          evidence + (has_status ? "" : ", no status") + (has_components ? "" : ", no components"),
          "answer with the status of the service and of each component"};
}

Finding CheckProbes(const AuditClient& client, const AuditOptions& /*options*/) {
  std::string evidence;
  bool all = true;
  bool none = true;
  for (const char* path : {"/livez", "/readyz", "/startupz"}) {
    const auto answer = client.Ask({.path = path});
    if (!answer) return NoAnswer(answer.error());
    if (answer->status() != 503) {  // which a probe may say of the service
      if (auto other = AboutSomethingElse(client, *answer, std::string("GET ") + path)) {
        return *other;
      }
    }
    all = all && answer->status() == 200;
    none = none && answer->status() == 404;
    evidence +=
        std::string(evidence.empty() ? "" : ", ") + path + " " + std::to_string(answer->status());
  }
  if (all) return {Status::kPass, evidence};
  if (none) {
    return {Status::kNotApplicable,
            evidence + ": it has no probes of its own; let /health be probed"};
  }
  return {Status::kFail, evidence, "see with GET /readyz?verbose why it is not ready"};
}

Finding CheckMetrics(const AuditClient& client, const AuditOptions& /*options*/) {
  const auto answer = client.Ask({.path = "/metrics"});
  if (!answer) return NoAnswer(answer.error());
  const std::string evidence = "GET /metrics: " + std::to_string(answer->status());
  if (answer->status() == 200 && answer->body().find("# TYPE ") != std::string::npos) {
    return {Status::kPass, evidence + " in Prometheus' text format"};
  }
  if (answer->status() == 200) {
    return {Status::kFail, evidence + ", but not in Prometheus' text format",
            "serve metrics as Prometheus reads them"};
  }
  if (auto other = AboutSomethingElse(client, *answer, "GET /metrics")) return *other;
  return {Status::kFail, evidence, "set telemetry.metrics = true (ENABLE_METRICS)"};
}

Finding CheckConnectionReuse(const AuditClient& client, const AuditOptions& /*options*/) {
  const auto reused = client.AskTwice({});
  if (!reused) return NoAnswer(reused.error());
  if (*reused) return {Status::kPass, "two requests were answered on one connection"};
  return {Status::kFail, "the connection was closed after one request",
          "keep connections alive; a proxy in front may close them"};
}

Finding CheckTracing(const AuditClient& /*client*/, const AuditOptions& /*options*/) {
  return {Status::kNotApplicable,
          "traces and logs cannot be seen from outside; look in the collector and the log"};
}

}  // namespace sampleproc::loadtest
