#include "apps/online_checks.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "config/codes.h"
#include "config/diagnostic.h"
#include "config/pipeline_rules.h"
#include "detect/detector.h"
#include "history/look.h"
#include "mqtt/publisher.h"
#include "resources/cpu_limits.h"
#include "resources/memory_budget.h"

namespace sampleproc::apps {

namespace {

// A broker that is away may be back by the start, which it does not hinder: a warning.
void CheckBroker(config::Loaded& loaded, std::vector<std::string>& works) {
  const mqtt::Options& options = loaded.config.mqtt;
  const std::string key = "mqtt.url";
  const bool is_wrong = std::ranges::any_of(loaded.diagnostics, [](const auto& each) {
    return each.key.starts_with("mqtt.") && each.severity == config::Severity::kError;
  });
  if (options.url.empty() || is_wrong) return;
  // The library writes with write(2): a broker that has gone is an error, and no end of the
  // program.
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto taken = mqtt::TryBroker(options);
  std::signal(SIGPIPE, before);
  if (taken) {
    works.push_back(key + ": " + *taken);
  } else {
    const bool may_pass = taken.error().code != base::ErrorCode::kConfig;
    loaded.diagnostics.push_back({may_pass ? config::Severity::kWarning : config::Severity::kError,
                                  config::code::kMqtt, loaded.origins[key], key,
                                  taken.error().message, "", ""});
  }
}

}  // namespace

std::vector<std::string> CheckOnline(config::Loaded& loaded) {
  const process::Options& process = loaded.config.process;
  resources::MemoryBudget budget(
      resources::MemoryCapacity(loaded.config.resources, resources::ReadMachineLimits()));
  std::vector<std::string> works;
  const auto pipelines = config::PipelinesOf(loaded.config);
  config::DetectorClasses classes;
  for (const detect::DetectorOptions& each : process.detectors) {
    const bool is_used = std::ranges::any_of(pipelines, [&](const auto& pipeline) {
      return std::ranges::find(pipeline.steps, each.name) != pipeline.steps.end();
    });
    if (!is_used) continue;
    const std::string section = "detector." + each.name;
    const auto opened = detect::Detector::Open(each, process.models, budget);
    if (opened) {
      works.push_back(section + ": " + (*opened)->Describe());
      for (const auto& [key, problem] :
           {std::pair(section + ".model", detect::FirstRunTooSlow(**opened, process.deadline)),
            std::pair(std::string("process.onnxruntime"),
                      detect::FellBack(**opened, process.models))}) {
        if (problem.empty()) continue;
        loaded.diagnostics.push_back({config::Severity::kWarning, config::code::kDetector,
                                      loaded.origins[key], key, problem, "", ""});
      }
      classes[each.name] = each.classes.empty() ? (*opened)->class_names() : each.classes;
      continue;
    }
    const std::string key = section + ".model";
    loaded.diagnostics.push_back({config::Severity::kError, config::code::kDetector,
                                  loaded.origins[key], key, opened.error().message, "", ""});
  }
  for (config::Finding& finding : config::DetectorsFindClasses(loaded.config, classes)) {
    loaded.diagnostics.push_back({finding.severity, finding.code, loaded.origins[finding.key],
                                  finding.key, std::move(finding.message), std::move(finding.hint),
                                  ""});
  }
  CheckBroker(loaded, works);
  const std::string& history = loaded.config.events.path;
  if (history.empty()) return works;
  const std::string key = "events.history";
  if (const auto seen = history::Look(history); seen) {
    works.push_back(key + ": " + *seen);
  } else {
    loaded.diagnostics.push_back({config::Severity::kError, config::code::kNoFile,
                                  loaded.origins[key], key, seen.error().message, "", ""});
  }
  return works;
}

}  // namespace sampleproc::apps
