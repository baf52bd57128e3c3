#include "config/otel_variables.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"

namespace sampleproc::config {
namespace {

struct OtelVariable {
  std::string_view name;
  std::vector<std::string_view> done;  // of a list one of these is enough
  std::string_view why;                // "has no effect: ..."
  std::string_view hint;
};

const std::array<OtelVariable, 10>& Variables() {
  constexpr std::string_view kPlain = "spans are sent as they are, not compressed";
  constexpr std::string_view kNoLogin = "the collector is shown no client certificate";
  constexpr std::string_view kUnset = "unset it";
  constexpr std::string_view kHeaders =
      "set OTEL_EXPORTER_OTLP_HEADERS if the collector takes a key in a header field";
  static const std::array<OtelVariable, 10> kVariables = {{
      {"OTEL_EXPORTER_OTLP_COMPRESSION", {"none"}, kPlain, kUnset},
      {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", {"none"}, kPlain, kUnset},
      {"OTEL_EXPORTER_OTLP_CLIENT_KEY", {}, kNoLogin, kHeaders},
      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", {}, kNoLogin, kHeaders},
      {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", {}, kNoLogin, kHeaders},
      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", {}, kNoLogin, kHeaders},
      {"OTEL_PROPAGATORS",
       {"tracecontext"},
       "contexts come and go as W3C Trace Context (traceparent, tracestate)",
       "have it include tracecontext, here and where requests and frames come from"},
      {"OTEL_METRICS_EXPORTER",
       {"none", "prometheus"},
       "metrics are not sent, Prometheus asks for them",
       "scrape GET /metrics"},
      {"OTEL_LOGS_EXPORTER",
       {"none", "console"},
       "the log is not sent, it goes to stderr",
       "have stderr collected"},
      {"OTEL_LOG_LEVEL", {}, "the log has one level", "set LOG_LEVEL"},
  }};
  return kVariables;
}

bool IsDone(const OtelVariable& variable, std::string_view value) {
  const std::string lower = base::Lowercase(value);
  for (std::string_view rest = lower; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view word = base::TrimBlanks(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (std::ranges::find(variable.done, word) != variable.done.end()) return true;
  }
  return false;
}

}  // namespace

void ReportOtelVariables(const LoadRequest& request, Assembly& assembly) {
  for (const auto& [name, value] : request.environment) {
    const auto& all = Variables();
    const auto found = std::ranges::find(all, name, &OtelVariable::name);
    if (found == all.end() || base::TrimBlanks(value).empty() || IsDone(*found, value)) continue;
    assembly.Report({Severity::kWarning,
                     code::kIgnored,
                     {Origin::Kind::kEnvironment, name, {}},
                     "",
                     "has no effect: " + std::string(found->why),
                     std::string(found->hint),
                     ""});
  }
}

}  // namespace sampleproc::config
