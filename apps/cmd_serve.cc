#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "apps/commands.h"
#include "apps/config_options.h"
#include "config/print.h"
#include "service/notifier.h"
#include "service/service.h"
#include "service/signals.h"
#include "service/sizing.h"
#include "telemetry/log_setup.h"

namespace sampleproc::apps {
namespace {

// What is wrong and yet no reason not to start. Said once, not again with each reload: `told` is
// what the configuration before this one had.
void LogWarnings(const std::vector<config::Diagnostic>& diagnostics, std::set<std::string>& told,
                 base::Logger& log) {
  const std::set<std::string> before = std::exchange(told, {});
  for (const config::Diagnostic& diagnostic : diagnostics) {
    const std::string where = config::Where(diagnostic.origin);
    std::string warning(diagnostic.code);
    warning += '\n' + diagnostic.key + '\n' + diagnostic.message;
    const bool is_known = before.contains(warning);
    told.insert(std::move(warning));
    if (is_known) continue;
    log.Warning("configuration", {{"code", diagnostic.code},
                                  {"where", std::string_view(where)},
                                  {"key", std::string_view(diagnostic.key)},
                                  {"problem", std::string_view(diagnostic.message)},
                                  {"hint", std::string_view(diagnostic.hint)}});
  }
}

// Why the configuration cannot be started with: as text for whoever typed the command, else as a
// line of the log, whose format nobody can know without it.
void TellWhyNot(const std::string& problems, ExitCode code, CommandContext& context) {
  if (code == ExitCode::kUsage || ::isatty(STDERR_FILENO) == 1) {
    context.err << problems;
    return;
  }
  const auto log = telemetry::MakeLogger({}, config::ServiceOptions().name);
  log->Error("cannot start", {{"error_type", base::ErrorCodeName(base::ErrorCode::kConfig)},
                              {"error", std::string_view(problems)},
                              {"exit_code", static_cast<std::int64_t>(code)}});
}

// Reads the configuration again as it was read at the start. What is wrong with it is logged,
// counted and told to systemd, and the service goes on with what it has.
void Reload(const ConfigOptions& options, CommandContext& context, std::set<std::string>& told,
            base::Logger& log, service::Service& service) {
  std::ostringstream diagnostics;
  CommandContext loading{context.environment, context.out, diagnostics, context.colour};
  const auto loaded = LoadConfig(options, OriginalNames::kRead, loading, base::Reading::kAgain);
  if (!loaded) {
    const std::string text = diagnostics.str();
    log.Error("reload: the configuration has errors, keeping the old one",
              {{"problems", std::string_view(text)}});
    service.ReloadRefused();
    return;
  }
  LogWarnings(loaded->diagnostics, told, log);
  if (const auto done = service.Reload(loaded->config); !done) {
    log.Error("reload: the configuration cannot be used, keeping the old one",
              {{"problem", std::string_view(done.error().message)}});
  }
}

// The service has no meaning for these, whose default is to end the process: a wrong word in a kill
// or a timer that a parent left running costs a line of the log.
bool IsPassedOver(int signal) { return signal == SIGUSR2 || signal == SIGALRM; }

// Without destructors, which could wait; but for the last lines, which say why.
[[noreturn]] void EndAtOnce(int code, base::Logger& log) {
  log.Flush(base::Deadline(base::SystemClock(), std::chrono::milliseconds(500)));
  std::_Exit(code);
}

// Ends the process at once when a stop signal comes again, later than a second after the first:
// what sends signals often sends two. And when the stop has not come to its end in `patience`:
// whatever waits then for a disk or somebody else that does not answer, nothing else ends it.
class Impatience {
 public:
  Impatience(service::Signals& signals, base::Logger& log, std::chrono::milliseconds patience,
             ExitCode code)
      : signals_(signals),
        log_(log),
        begun_(base::SystemClock().Now()),
        end_(base::SystemClock(), patience),
        code_(code),
        thread_([this] { Run(); }) {}
  ~Impatience() {
    stopped_ = true;
    signals_.Wake();
    thread_.join();
  }

 private:
  void Run() {
    while (!end_.Expired()) {
      const auto left = end_.At() - base::SystemClock().Now();
      const int signal = signals_.Wait(std::chrono::ceil<std::chrono::milliseconds>(left));
      if (stopped_) return;
      const auto passed = base::SystemClock().Now() - begun_;
      if (signal == 0 || signal == SIGHUP || signal == SIGUSR1 || IsPassedOver(signal)) continue;
      if (passed < std::chrono::seconds(1)) continue;
      log_.Error("shutdown: a second signal, ending at once");
      EndAtOnce(128 + signal, log_);
    }
    log_.Error(
        "shutdown: ending at once, the last step does not come to its end; a disk or another "
        "service does not answer",
        {{"exit_code", static_cast<std::int64_t>(code_)}});
    EndAtOnce(static_cast<int>(code_), log_);
  }

  service::Signals& signals_;
  base::Logger& log_;
  const base::MonoTime begun_;
  const base::Deadline end_;
  const ExitCode code_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

// False: no signal said so, but a worker is stuck.
template <typename OnHangUp>
bool ServeUntilStopped(const service::Signals& signals, service::Service& service,
                       base::Logger& log, OnHangUp on_hang_up) {
  constexpr std::chrono::milliseconds kLook{1'000};
  service::MemoryReturn memory;
  while (true) {
    const int signal = signals.Wait(kLook);
    if (signal == SIGHUP) {
      on_hang_up();
    } else if (signal == SIGUSR1) {
      service.ToggleDebug();
    } else if (IsPassedOver(signal)) {
      log.Warning("a signal without a meaning here, the service goes on",
                  {{"signal", signal == SIGALRM ? "SIGALRM" : "SIGUSR2"}});
    } else if (signal != 0) {
      return true;
    } else {
      memory.Look();
      if (service.LookAfterWorkers()) return false;
    }
  }
}

ExitCode Run(const ConfigOptions& options, CommandContext& context) {
  // Before anything else: a reload that comes while the service starts is one. And before the first
  // thread, so that all of them leave the signals to this one.
  service::Signals signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM});
  // Who reads the log reads each line alike, so warnings wait until there is one.
  std::ostringstream diagnostics;
  CommandContext loading{context.environment, context.out, diagnostics, context.colour};
  const auto loaded = LoadConfig(options, OriginalNames::kRead, loading);
  if (!loaded) {
    TellWhyNot(diagnostics.str(), loaded.error(), context);
    return loaded.error();
  }
  const config::Config& config = loaded->config;

  service::GiveBackLargeMemory();
  auto log = telemetry::MakeLogger(config.telemetry, config.service.name);
  const std::string sources = config::DescribeSources(*loaded);
  log->Info("starting", {{"configuration", std::string_view(sources)},
                         {"file_limit", static_cast<std::int64_t>(service::RaiseFileLimit())}});
  std::set<std::string> told;
  LogWarnings(loaded->diagnostics, told, *log);
  const service::Supervision supervision = service::ReadSupervision();
  auto service =
      service::Service::Start(config, base::SystemClock(), log,
                              {supervision.sockets, supervision.notify_socket,
                               supervision.watchdog.value_or(std::chrono::microseconds(0))});
  if (!service) {
    const ExitCode code = ExitCodeOf(service.error().code);
    log->Error("cannot start", {{"error_type", base::ErrorCodeName(service.error().code)},
                                {"error", std::string_view(service.error().message)},
                                {"exit_code", static_cast<std::int64_t>(code)}});
    return code;
  }
  const bool told_to_stop = ServeUntilStopped(
      signals, **service, *log, [&] { Reload(options, context, told, *log, **service); });

  // Of a stop that ends by itself, which may take somewhat longer than it should.
  constexpr std::chrono::milliseconds kBeyond{3'000};
  const ExitCode unclean = told_to_stop ? ExitCode::kSomeFailed : ExitCode::kInternal;
  const Impatience impatience(signals, *log, (*service)->shutdown_timeout() + kBeyond, unclean);
  const service::ShutdownResult result = (*service)->Shutdown();
  if (result == service::ShutdownResult::kStuck) EndAtOnce(static_cast<int>(unclean), *log);
  service->reset();  // which may wait, too
  const bool clean = told_to_stop && result == service::ShutdownResult::kClean;
  return clean ? ExitCode::kOk : unclean;
}

Action DeclareServeCommand(CLI::App& app) {
  auto options = std::make_shared<ConfigOptions>();
  options->AddKey(app, "--host", "ADDRESS", "http.host", "Listen on this address");
  options->AddKey(app, "--port", "PORT", "http.port", "Listen on this port; 0 takes a free one");
  options->AddFile(app);
  options->AddSet(app);
  return [options](CommandContext& context) { return Run(*options, context); };
}

}  // namespace

Command ServeCommand() {
  return {
      .name = "serve",
      .summary = "Run the HTTP service that processes camera frames",
      .operands = "",
      .description =
          "Listens for HTTP requests until SIGTERM or SIGINT, then finishes the work in "
          "progress and exits. It logs to standard error; the line 'listening' names the "
          "address. POST /process takes a frame as JSON or as an image file; GET /health and "
          "GET /livez report its state, and GET /console is a status page for a browser. With "
          "consumer.redis.host or consumer.http.url set it "
          "also pulls frames from there. SIGHUP reloads the configuration; SIGUSR1 turns debug "
          "lines in the log on and off, also beyond a reload that leaves telemetry.log_level as it "
          "is.",
      .examples = {{"sampleproc serve", "Listen on 127.0.0.1 port 8099."},
                   {"sampleproc serve --host 0.0.0.0 --set process.pipeline=stats,faces",
                    "Listen on all addresses and detect faces."},
                   {"curl --data-binary @photo.jpg http://localhost:8099/process",
                    "Send it an image, from another terminal."}},
      .exit_codes =
          {{0,
            "Ended by a signal; every request was answered, every result delivered or "
            "kept for the next start."},
           {1,
            "Ended by a signal; at service.shutdown_timeout requests were cut off, pulled "
            "frames were left, results were lost, or a disk did not answer. The log says which."},
           {2, "The command line is wrong."},
           {69, "The address cannot be listened on."},
           {70, "A worker was stuck on a frame (service.exit_when_stuck)."},
           {78, "The configuration is invalid."}},
      .declare = &DeclareServeCommand,
  };
}

}  // namespace sampleproc::apps
