#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/config_options.h"
#include "service/probe.h"

namespace sampleproc::apps {
namespace {

// Shorter than the usual orchestrator's patience with a probe.
constexpr std::chrono::milliseconds kPatience{5000};

ExitCode Run(const ConfigOptions& options, CommandContext& context) {
  const auto loaded = LoadConfig(options, OriginalNames::kRead, context);
  if (!loaded) return ExitCode::kHealthUsage;
  const http::Options& http = loaded->config.http;
  const auto answer = service::Probe(http.host, http.port, "/health", kPatience);
  if (!answer) {
    context.err << "sampleproc: " << answer.error().message << "\n";
    return ExitCode::kNoAnswer;
  }
  const bool healthy = answer->status == 200;
  context.out << (healthy ? "healthy" : "unhealthy") << " (HTTP " << answer->status << ")\n";
  return healthy ? ExitCode::kOk : ExitCode::kUnhealthy;
}

Action Declare(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  options->AddKey(app, "--host", "ADDRESS", "http.host", "Ask at this address");
  options->AddKey(app, "--port", "PORT", "http.port", "Ask at this port");
  options->AddFile(app);
  options->AddSet(app);
  return [options](CommandContext& context) { return Run(*options, context); };
}

}  // namespace

Command HealthCommand() {
  return {
      .name = "health",
      .summary = "Ask the running service how it is",
      .operands = "",
      .description =
          "Finds the service's address in the same configuration that serve reads, asks it for "
          "/health and says in one line what it answered. For container and service managers.",
      .examples = {{"sampleproc health", "How is the service that is configured here?"},
                   {"sampleproc health --port 9000 || systemctl restart sampleproc",
                    "Act on the answer."}},
      .exit_codes = {{0, "Healthy."},
                     {1, "It answers, but is not healthy."},
                     {2, "No answer."},
                     {3, "The command line or the configuration is wrong."}},
      .declare = &Declare,
      .usage_exit = ExitCode::kHealthUsage,
  };
}

}  // namespace sampleproc::apps
