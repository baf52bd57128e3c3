#include "loadtest/audit.h"

#include <algorithm>

#include "json/writer.h"
#include "loadtest/audit_checks.h"
#include "loadtest/numbers.h"

namespace sampleproc::loadtest {
namespace {

using Status = AuditItem::Status;

struct Row {
  const char* name;
  Check check;
};

// The rate limit uses itself up, and the probes are exempt from it afterwards: both come last.
constexpr Row kChecks[] = {
    {"security_headers", &CheckSecurityHeaders},
    {"security_headers_on_errors", &CheckErrorHeaders},
    {"host_header", &CheckHostHeader},
    {"cors_refused", &CheckCorsRefused},
    {"cors_allowed", &CheckCorsAllowed},
    {"tls", &CheckTls},
    {"request_size", &CheckRequestLimit},
    {"frame_data_size", &CheckFrameLimit},
    {"metadata_size", &CheckMetadataLimit},
    {"base64", &CheckBase64},
    {"frame_data", &CheckFrameData},
    {"head_timeout", &CheckHeadTimeout},
    {"health", &CheckHealth},
    {"probes", &CheckProbes},
    {"metrics", &CheckMetrics},
    {"connection_reuse", &CheckConnectionReuse},
    {"tracing_and_logs", &CheckTracing},
    {"rate_limit", &CheckRateLimit},
    {"rate_limit_exempts_probes", &CheckProbesExempt},
};

}  // namespace

std::string_view StatusName(Status status) {
  switch (status) {
    case Status::kPass:
      return "pass";
    case Status::kFail:
      return "fail";
    case Status::kNotApplicable:
      break;
  }
  return "not_applicable";
}

Finding NoAnswer(const base::Error& error) {
  return {Status::kFail, "no answer: " + error.message, "see that the target is up"};
}

Finding ExpectStatus(const AuditClient& client, const AuditRequest& request,
                     std::initializer_list<int> expected, const std::string& what,
                     const std::string& advice) {
  const auto answer = client.Ask(request);
  if (!answer) return NoAnswer(answer.error());
  const std::string evidence = what + ": " + std::to_string(answer->status());
  if (std::ranges::find(expected, answer->status()) != expected.end()) {
    return {Status::kPass, evidence};
  }
  if (answer->status() == 404 && request.path == "/process") {
    return {Status::kNotApplicable, "the target has no POST /process (404)"};
  }
  return {Status::kFail, evidence, advice};
}

std::vector<AuditItem> Audit(const AuditClient& client, const AuditOptions& options,
                             const base::CancelFlag& stop) {
  std::vector<AuditItem> items;
  for (const Row& row : kChecks) {
    if (stop.Cancelled()) break;
    Finding finding = row.check(client, options);
    items.push_back(
        {row.name, finding.status, std::move(finding.evidence), std::move(finding.advice)});
  }
  return items;
}

bool AllPass(const std::vector<AuditItem>& items) {
  return std::ranges::none_of(items,
                              [](const AuditItem& item) { return item.status == Status::kFail; });
}

std::string TextAudit(const std::string& target, const std::vector<AuditItem>& items) {
  std::string out = target + "\n";
  for (const AuditItem& item : items) {
    const std::string_view word =
        item.status == Status::kNotApplicable ? "n/a" : StatusName(item.status);
    out.append(word).append(6 - word.size(), ' ').append(item.name).append("\n      ");
    out.append(Printable(item.evidence)).append("\n");
    if (!item.advice.empty()) out += "      to do: " + item.advice + "\n";
  }
  const auto count = [&items](Status status) {
    return std::to_string(std::ranges::count(items, status, &AuditItem::status));
  };
  return out + count(Status::kPass) + " pass, " + count(Status::kFail) + " fail, " +
         count(Status::kNotApplicable) + " not applicable\n";
}

std::string JsonAudit(const std::string& target, const std::vector<AuditItem>& items) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("target", target);
  json.Member("verdict", AllPass(items) ? "pass" : "fail");
  json.Key("items");
  json.BeginArray();
  for (const AuditItem& item : items) {
    json.BeginObject();
    json.Member("name", item.name);
    json.Member("status", StatusName(item.status));
    json.Member("evidence", item.evidence);
    json.Member("advice", item.advice);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return text + "\n";
}

}  // namespace sampleproc::loadtest
