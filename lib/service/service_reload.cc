// What changes in a running service: its configuration and how much it logs.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/read_files.h"
#include "process/pipeline.h"
#include "service/service_impl.h"

namespace sampleproc::service {
namespace {

using base::Result;

base::LogLevel LevelOf(std::string_view name) {
  using base::LogLevel;
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

// They are read at the next login, which may be long after: who reloads is told now.
Result<void> CheckPasswords(const config::Config& config) {
  const std::string faults = config::PasswordFaults(config);
  if (faults.empty()) return {};
  return base::Fail(base::ErrorCode::kConfig,
                    faults + "; a file of this kind has to hold the password on its only line");
}

}  // namespace

Result<void> Service::Reload(const config::Config& config) {
  Impl& impl = *impl_;
  impl.notifier.Reloading();
  std::vector<std::string> waiting;
  const config::Config merged = Reloaded(impl.generation->config, config, waiting);
  auto made = impl.Make(merged);
  Result<void> done = impl.CheckNewDetectors(merged.cameras, config);
  if (done) done = impl.PrepareCameras(merged.cameras);
  if (done) done = CheckPasswords(config);
  if (!done) {
    // Nothing has changed yet.
  } else if (!made) {
    done = std::unexpected(made.error());
  } else {
    done = impl.server->Reload(SiteOf(*made));
  }
  impl.EndReload(done.has_value());
  if (!done) return done;
  const bool new_level = merged.telemetry.log_level != impl.generation->config.telemetry.log_level;
  impl.directory.Replace(merged.cameras);
  impl.live->Replace(merged.cameras);
  impl.roster.Reconfigured();
  impl.metrics.frames.CamerasReconfigured();
  impl.cameras.Reconfigured();
  if (impl.publisher) impl.publisher->Configure(impl.KnownCameras(merged));
  impl.generation = std::move(*made);
  // What SIGUSR1 has set stays, as whoever sent it is still looking, until the key has a new value.
  if (new_level) {
    impl.log->SetLevel(LevelOf(merged.telemetry.log_level));
    impl.toggled = false;
  }
  const std::string restart = Joined(waiting);
  impl.log->Info("reloaded", {{"waiting_for_restart", std::string_view(restart)}});
  return done;
}

// A detector's section counts from the next start on: who names a new one now is told so.
Result<void> Service::Impl::CheckNewDetectors(const cameras::AllOptions& wanted,
                                              const config::Config& given) const {
  const auto has = [](const std::vector<detect::DetectorOptions>& all, const std::string& name) {
    return std::ranges::find(all, name, &detect::DetectorOptions::name) != all.end();
  };
  for (const auto& names : directory.PipelinesOf(wanted)) {
    for (const std::string& name : names) {
      if (has(config.process.detectors, name) || !has(given.process.detectors, name)) continue;
      return base::Fail(base::ErrorCode::kConfig,
                        "a camera's pipeline names the detector \"" + name +
                            "\", whose section [detector." + name +
                            "] is new: it counts after a restart of the service");
    }
  }
  return {};
}

// What the pipelines of these cameras need is opened and tried out before a frame depends on it:
// the workers then only repeat what has gone well.
Result<void> Service::Impl::PrepareCameras(const cameras::AllOptions& wanted) {
  const auto pipelines = directory.PipelinesOf(wanted);
  if (auto added = detectors->Add(pipelines); !added) return added;
  process::StepSet steps(config.process, detectors);
  for (const auto& names : pipelines) {
    if (auto made = process::Pipeline::Make(names, steps); !made) {
      return std::unexpected(made.error());
    }
  }
  return {};
}

void Service::Impl::EndReload(bool successful) {
  metrics.ConfigReloaded(successful);
  notifier.Send(successful ? "READY=1\nSTATUS=serving"
                           : "READY=1\nSTATUS=serving; the last reload failed, the log says why");
}

void Service::ReloadRefused() {
  impl_->notifier.Reloading();
  impl_->EndReload(false);
}

void Service::ToggleDebug() {
  Impl& impl = *impl_;
  const std::string& configured = impl.generation->config.telemetry.log_level;
  impl.toggled = !impl.toggled;
  std::string_view level = configured;
  if (impl.toggled) level = configured == "debug" ? "info" : "debug";
  // Told when it holds already, but for a level that would hide the line.
  const base::LogLevel next = LevelOf(level);
  const bool hides = next > base::LogLevel::kInfo;
  if (!hides) impl.log->SetLevel(next);
  impl.log->Info("log level changed by SIGUSR1", {{"log_level", level}});
  if (hides) impl.log->SetLevel(next);
}

}  // namespace sampleproc::service
