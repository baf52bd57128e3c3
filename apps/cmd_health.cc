#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <memory>
#include <ostream>
#include <sstream>
#include <thread>

#include "apps/commands.h"
#include "apps/config_options.h"
#include "base/clock.h"
#include "config/convert.h"
#include "config/units.h"
#include "json/writer.h"
#include "service/probe.h"

namespace sampleproc::apps {
namespace {

using std::chrono::milliseconds;

// Shorter than the usual orchestrator's patience with a probe.
constexpr milliseconds kPatience{5000};

struct Options {
  ConfigOptions config;
  std::string probe = "health";
  std::string wait;
  bool json = false;
};

struct ProbeName {
  std::string_view name;
  std::string_view path;
};
constexpr ProbeName kProbes[] = {
    {"health", "/health"}, {"live", "/livez"}, {"ready", "/readyz"}, {"startup", "/startupz"}};

// A Unix socket is asked first: TLS and addresses do not come into it. Not when --host or --port
// name another place.
service::ProbeTarget TargetOf(const config::Loaded& loaded) {
  const http::Options& http = loaded.config.http;
  const auto flagged = [&loaded](const char* key) {
    return loaded.origins.at(key).kind == config::Origin::Kind::kFlag;
  };
  if (!http.unix_socket.empty() && !flagged("http.host") && !flagged("http.port")) {
    return {{"", 0, http.unix_socket}, ""};
  }
  return {{http.host, http.port}, http.tls_cert};
}

using Answer = base::Result<service::ProbeAnswer>;

bool IsHealthy(const Answer& answer) { return answer && answer->status == 200; }

// Asks until the answer is a good one or `patience` is over, at ever longer intervals.
Answer AskUntilHealthy(const service::ProbeTarget& target, std::string_view path,
                       milliseconds patience) {
  constexpr milliseconds kLongestPause{1000};
  const base::MonoTime end = base::SystemClock().Now() + patience;
  milliseconds pause{50};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - base::SystemClock().Now());
    Answer answer = service::Probe(target, path, std::clamp(left, milliseconds(1), kPatience));
    const auto rest = std::chrono::floor<milliseconds>(end - base::SystemClock().Now());
    if (IsHealthy(answer) || rest <= milliseconds(0)) return answer;
    if (!answer && answer.error().code == base::ErrorCode::kConfig) return answer;
    std::this_thread::sleep_for(std::min(pause, rest));
    pause = std::min(pause * 2, kLongestPause);
  }
}

std::string_view Outcome(const Answer& answer, std::string_view status_word) {
  if (!answer) return "no_answer";
  if (!IsHealthy(answer)) return "unhealthy";
  return status_word == "degraded" ? "degraded" : "healthy";
}

// Why the answer is not that of a healthy service, or why there is none, where that is known; "".
std::string Reason(const Answer& answer) {
  if (!answer) return answer.error().message;
  return IsHealthy(answer) ? "" : config::Shown(service::ProblemDetail(answer->body), 200);
}

// One line; config/health.schema.json describes it.
std::string FormatJson(std::string_view probe, const std::string& address, const Answer& answer) {
  const std::string word = answer ? service::StatusWord(answer->body) : "";
  std::string text;
  json::JsonWriter json(text);
  json.BeginObject();
  json.Member("probe", probe);
  json.Member("address", address);
  json.Member("outcome", Outcome(answer, word));
  json.Member("http_status", answer ? answer->status : 0);
  json.Member("status", word);
  json.Member("error", Reason(answer));
  json.EndObject();
  return text + "\n";
}

ExitCode Run(const Options& options, CommandContext& context) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2): a peer that has gone is an error
  const auto probe = std::ranges::find(kProbes, options.probe, &ProbeName::name);
  if (probe == std::end(kProbes)) {
    UsageError(
        context.err,
        "--probe takes health, live, ready or startup, not '" + config::Shown(options.probe) + "'",
        "health");
    return ExitCode::kHealthUsage;
  }
  milliseconds patience{0};
  if (!options.wait.empty()) {
    const auto wait = config::ParseDuration(options.wait, std::chrono::seconds(1));
    if (!wait || *wait < milliseconds(0) || *wait > std::chrono::hours(24)) {
      UsageError(context.err, "--wait takes a duration of 24h at most, such as 30s", "health");
      return ExitCode::kHealthUsage;
    }
    patience = *wait;
  }
  // Who asks every few seconds does not want each warning each time.
  std::ostringstream diagnostics;
  CommandContext loading{context.environment, context.out, diagnostics, context.colour};
  const auto loaded = LoadConfig(options.config, OriginalNames::kRead, loading);
  if (!loaded) {
    context.err << diagnostics.str();
    return ExitCode::kHealthUsage;
  }
  const service::ProbeTarget target = TargetOf(*loaded);
  const Answer answer = patience == milliseconds(0)
                            ? service::Probe(target, probe->path, kPatience)
                            : AskUntilHealthy(target, probe->path, patience);
  if (options.json) {
    context.out << FormatJson(probe->name, target.endpoint.Name(), answer);
  } else if (!answer) {
    context.err << "sampleproc: " << answer.error().message << "\n";
  } else {
    const std::string reason = Reason(answer);
    context.out << Outcome(answer, service::StatusWord(answer->body)) << " (HTTP " << answer->status
                << ")" << (reason.empty() ? "" : ": " + reason) << "\n";
  }
  if (IsHealthy(answer)) return ExitCode::kOk;
  if (answer) return ExitCode::kUnhealthy;
  return answer.error().code == base::ErrorCode::kConfig ? ExitCode::kHealthUsage
                                                         : ExitCode::kNoAnswer;
}

Action DeclareHealthCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("--probe", options->probe,
                 "Which question: health (default), live, ready or startup")
      ->type_name("PROBE")
      ->group("Options");
  app.add_option("--wait", options->wait,
                 "Ask again until it is healthy, for so long at most: 30s, 2m")
      ->type_name("DURATION")
      ->group("Options");
  app.add_flag("--json", options->json, "Print one line of JSON, whatever comes out")
      ->group("Options");
  options->config.AddKey(app, "--host", "ADDRESS", "http.host", "Ask at this address");
  options->config.AddKey(app, "--port", "PORT", "http.port", "Ask at this port");
  options->config.AddFile(app);
  options->config.AddSet(app);
  return [options](CommandContext& context) { return Run(*options, context); };
}

}  // namespace

Command HealthCommand() {
  return {
      .name = "health",
      .summary = "Check whether the running service is healthy",
      .operands = "",
      .description =
          "Reads the service's address from the same configuration as serve, requests /health "
          "(or /livez, /readyz, /startupz) and prints the result in one line. A degraded "
          "service still works and counts as healthy. Meant for container runtimes and service "
          "managers.",
      .examples = {{"sampleproc health",
                    "Check the service that this machine's configuration describes."},
                   {"sampleproc health --port 9000 || systemctl restart sampleproc",
                    "Restart the service when it is unhealthy."},
                   {"sampleproc health --probe ready --wait 30s",
                    "Wait until the service accepts requests, for at most 30 seconds."}},
      .exit_codes = {{0, "Healthy, or degraded."},
                     {1, "Unhealthy."},
                     {2, "Unreachable."},
                     {3, "The command line or the configuration is wrong."}},
      .declare = &DeclareHealthCommand,
      .usage_exit = ExitCode::kHealthUsage,
  };
}

}  // namespace sampleproc::apps
