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
  return {.status = Status::kFail,
          .evidence = "no answer: " + error.message,
          .advice = "see that the target is up",
          .silent = true};
}

std::optional<Finding> AboutSomethingElse(const AuditClient& client, const ResponseReader& answer,
                                          const std::string& what) {
  Finding finding{.status = Status::kNotApplicable,
                  .evidence = what + ": " + std::to_string(answer.status()),
                  .unseen = true};
  switch (answer.status()) {
    case 401:
    case 403:
      finding.evidence += client.has_authorization() ? ", so this token may not ask"
                                                     : ", so who asks must have a token";
      finding.advice = client.has_authorization() ? "name another one with --token-file"
                                                  : "name it with --token-file";
      return finding;
    case 429:
      finding.evidence += ", so this client has asked too much";
      finding.advice = "ask again when the limit lets it, or raise the limit for the audit";
      return finding;
    case 502:
    case 503:
    case 504:
      finding.evidence += ", so the service is not ready, or a proxy does not reach it";
      finding.advice = "see that it is up";
      return finding;
    default:
      return std::nullopt;
  }
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
  if (auto other = AboutSomethingElse(client, *answer, what)) return *other;
  if (answer->status() == 404 && request.path == "/process") {
    return {Status::kNotApplicable, "the target has no POST /process (404)"};
  }
  return {Status::kFail, evidence, advice};
}

base::Result<void> Audit(const AuditClient& client, const AuditOptions& options,
                         const base::CancelFlag& stop, const TakeItem& take) {
  bool was_silent = true;  // until it has said anything
  for (const Row& row : kChecks) {
    // What is silent is not asked for minutes whether it is so about each item.
    if (was_silent) {
      const auto answer = client.AskNow({});
      if (!answer && !stop.Cancelled()) {
        return base::Fail(base::ErrorCode::kUnavailable,
                          client.target_name() + " does not answer: " + answer.error().message);
      }
    }
    if (stop.Cancelled()) break;
    Finding finding = row.check(client, options);
    if (stop.Cancelled()) break;  // it may have been cut short
    was_silent = finding.silent;
    take({row.name, finding.status, std::move(finding.evidence), std::move(finding.advice),
          finding.unseen});
  }
  return {};
}

bool Passes(const AuditReport& report) {
  return report.complete && std::ranges::none_of(report.items, [](const AuditItem& item) {
           return item.status == Status::kFail || item.unseen;
         });
}

std::string TextItem(const AuditItem& item) {
  const std::string_view word =
      item.status == Status::kNotApplicable ? "n/a" : StatusName(item.status);
  std::string out(word);
  out.append(6 - word.size(), ' ').append(item.name).append("\n      ");
  out.append(Printable(item.evidence)).append("\n");
  if (!item.advice.empty()) out += "      to do: " + item.advice + "\n";
  return out;
}

std::string TextSummary(const AuditReport& report) {
  const auto count = [&report](Status status) {
    return std::to_string(std::ranges::count(report.items, status, &AuditItem::status));
  };
  const auto unseen = std::ranges::count(report.items, true, &AuditItem::unseen);
  return count(Status::kPass) + " pass, " + count(Status::kFail) + " fail, " +
         count(Status::kNotApplicable) + " not applicable" +
         (unseen > 0 ? " (" + std::to_string(unseen) + " could not be looked at)" : "") +
         (report.complete ? "" : ", ended early") + "\n";
}

std::string JsonAudit(const AuditReport& report) {
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("target", report.target);
  json.Member("verdict", Passes(report) ? "pass" : "fail");
  json.Member("complete", report.complete);
  json.Key("items");
  json.BeginArray();
  for (const AuditItem& item : report.items) {
    json.BeginObject();
    json.Member("name", item.name);
    json.Member("status", StatusName(item.status));
    json.Member("evidence", item.evidence);
    json.Member("advice", item.advice);
    json.Member("unseen", item.unseen);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return text + "\n";
}

}  // namespace sampleproc::loadtest
