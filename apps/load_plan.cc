#include "apps/load_plan.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "apps/load_setup.h"
#include "config/units.h"
#include "loadtest/numbers.h"

namespace sampleproc::apps {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using loadtest::Pacer;
using loadtest::Stage;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr double kMaxRate = 10'000'000;
constexpr milliseconds kMaxTime = std::chrono::hours(24 * 7);
constexpr milliseconds kUsualDuration = seconds(30);
constexpr milliseconds kUsualSlice = seconds(5);
constexpr std::size_t kUsualClosed = 10;
constexpr milliseconds kUsualSettle = seconds(1);
constexpr milliseconds kUsualTimeout = seconds(10);
constexpr milliseconds kUsualSendLag = milliseconds(10);
constexpr std::size_t kMostConnections = 1'000'000;
constexpr std::size_t kOtherFiles = 64;  // that the generator needs, besides its connections

std::unexpected<base::Error> Usage(std::string message) {
  return Fail(ErrorCode::kUsage, std::move(message));
}

// How many connections this process can have at once.
std::size_t ConnectionLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMostConnections;
  const auto files = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, kMostConnections));
  return std::max<std::size_t>(files - std::min(kOtherFiles, files / 2), 1);
}

// A number of requests a second.
std::optional<double> ParseRate(std::string_view text) {
  const auto rate = config::ParseReal(text);
  if (!rate || *rate < 0 || *rate > kMaxRate) return std::nullopt;
  return rate;
}

// Fails when so many connections cannot be there at once: found now, not after the last that can.
Result<void> CheckFileLimit(std::size_t connections) {
  const std::size_t limit = ConnectionLimit();
  if (connections <= limit) return {};
  return Fail(ErrorCode::kOverloaded,
              "-c " + std::to_string(connections) + " is more connections than this machine's " +
                  "limit of open files allows (" + std::to_string(limit) +
                  "); raise it (ulimit -Hn " + std::to_string(connections + kOtherFiles) +
                  ", or LimitNOFILE= in a unit), or use a lower -c");
}

std::optional<milliseconds> ParseTime(std::string_view text) {
  const auto time = config::ParseDuration(text, seconds(1));
  if (!time || *time < milliseconds(1) || *time > kMaxTime) return std::nullopt;
  return time;
}

// As far as there are nanoseconds: 292 years.
nanoseconds InSeconds(double count) {
  return nanoseconds(std::llround(std::min(count * 1e9, 9e18)));
}

std::optional<Stage> ParseStage(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto duration = ParseTime(text.substr(0, at));
  const std::string_view rates = text.substr(at + 1);
  const std::size_t dash = rates.find('-');
  const auto from = ParseRate(rates.substr(0, dash));
  const auto to = dash == std::string_view::npos ? from : ParseRate(rates.substr(dash + 1));
  if (!duration || !from || !to) return std::nullopt;
  return Stage{*duration, *from, *to};
}

Result<std::vector<nanoseconds>> ReadArrivals(const std::string& path) {
  const auto text = ReadWholeFile(path, "--arrivals-file");
  if (!text) return std::unexpected(text.error());
  std::istringstream file(*text);
  std::vector<nanoseconds> times;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty()) continue;
    const auto at = config::ParseReal(line);
    if (!at || *at < 0 || *at > std::chrono::duration<double>(kMaxTime).count()) {
      return Usage("--arrivals-file: line " + std::to_string(times.size() + 1) +
                   " is not a number of seconds from the start");
    }
    times.emplace_back(std::llround(*at * 1e9));
  }
  std::ranges::sort(times);
  return times;
}

// How many ways of deciding when to send were given.
int Schedules(const LoadtestOptions& options) {
  return (options.rate.empty() ? 0 : 1) + (options.stages.empty() ? 0 : 1) +
         (options.cameras > 0 && !options.closed ? 1 : 0) +
         (options.arrivals_file.empty() ? 0 : 1) + (options.closed ? 1 : 0);
}

struct Schedule {
  std::function<std::unique_ptr<Pacer>()> make;
  nanoseconds length{};
  std::string text;
};

Schedule FromStages(std::vector<Stage> stages, const LoadtestOptions& options) {
  nanoseconds length{};
  for (const Stage& stage : stages) length += stage.duration;
  const auto spacing =
      options.arrivals == "poisson" ? loadtest::Spacing::kPoisson : loadtest::Spacing::kConstant;
  return {[stages = std::move(stages), spacing, seed = options.seed] {
            return loadtest::PaceStages(stages, spacing, seed);
          },
          length, ""};
}

Result<Schedule> MakeSchedule(const LoadtestOptions& options, milliseconds duration) {
  const std::string for_time = " for " + config::FormatDuration(duration);
  if (!options.stages.empty()) {
    auto stages = ParseStages(options.stages);
    if (!stages) return std::unexpected(stages.error());
    Schedule schedule = FromStages(std::move(*stages), options);
    schedule.text = "stages " + options.stages;
    return schedule;
  }
  if (!options.arrivals_file.empty()) {
    auto times = ReadArrivals(options.arrivals_file);
    if (!times) return std::unexpected(times.error());
    const nanoseconds last = times->empty() ? nanoseconds(0) : times->back();
    return Schedule{[times = std::move(*times)] { return loadtest::PaceRecorded(times); }, last,
                    "recorded arrivals"};
  }
  if (options.cameras > 0) {
    const auto fps = ParseRate(options.fps);
    if (!fps || *fps <= 0) return Usage("--cameras needs --fps, a number above 0");
    const auto cameras = static_cast<std::uint32_t>(options.cameras);
    return Schedule{[cameras, fps = *fps, duration, seed = options.seed] {
                      return loadtest::PaceCameras(cameras, fps, duration, seed);
                    },
                    duration,
                    std::to_string(cameras) + " cameras with " + loadtest::FormatNumber(*fps) +
                        " frames/s" + for_time};
  }
  const auto rate = options.rate.empty() ? 10.0 : ParseRate(options.rate);
  if (!rate || *rate <= 0) return Usage("--rate takes a number above 0 and at most 10000000");
  // With --requests alone it lasts as long as they take.
  nanoseconds length = duration;
  if (options.requests > 0 && options.duration.empty()) {
    length = InSeconds(static_cast<double>(options.requests) / *rate);
  }
  nanoseconds scheduled = length;
  if (options.requests > 0 && options.duration.empty() && options.arrivals == "poisson") {
    // By chance they take longer; so much longer never.
    const auto count = static_cast<double>(options.requests);
    scheduled = InSeconds((count + 10 * std::sqrt(count) + 20) / *rate);
  }
  Schedule schedule = FromStages({{scheduled, *rate, *rate}}, options);
  schedule.text = loadtest::FormatNumber(*rate) + "/s for " +
                  loadtest::FormatNumber(std::chrono::duration<double>(length).count()) + "s";
  return schedule;
}

// An audit asks requests of its own.
Result<void> CheckAudit(const LoadtestOptions& options) {
  if (!options.audit) return {};
  if (!options.duration.empty() || options.requests > 0 || options.connections > 0 ||
      options.threads > 1 || options.no_keep_alive) {
    return Usage(
        "--audit asks one request after another; leave --duration, --requests, --connections, "
        "--threads and --no-keep-alive out");
  }
  if (!options.timeout.empty() || !options.max_send_lag.empty()) {
    return Usage(
        "--audit waits for each answer as long as what it looks at may take, and measures no "
        "latency; leave --timeout and --max-send-lag out");
  }
  const bool says_what = !options.path.empty() || !options.method.empty() ||
                         !options.body_file.empty() || !options.frames.empty();
  if (says_what && options.pid == 0) {
    return Usage(
        "--audit asks for paths of its own, which the path of --target stands before; leave "
        "--path, --method, --body and --frames out, which with --pid say what is sent during the "
        "shutdown");
  }
  if (options.target.find_first_of("?#") != std::string::npos) {
    return Usage("--audit takes a target without a query; its path stands before those asked for");
  }
  return {};
}

// What an option would say is said by none of what is done; nothing is passed over in silence.
Result<void> CheckTogether(const LoadtestOptions& options) {
  if (!options.duration.empty() && (!options.stages.empty() || !options.arrivals_file.empty())) {
    return Usage("--stages and --arrivals-file say how long the run is; leave --duration out");
  }
  if (!options.find_capacity.empty() && options.requests > 0) {
    return Usage("--find-capacity sends for --duration at each rate; leave --requests out");
  }
  if (options.arrivals == "poisson" &&
      (options.closed || !options.arrivals_file.empty() || options.cameras > 0)) {
    return Usage("--arrivals poisson goes with --rate or --stages");
  }
  if (!options.fps.empty() && options.cameras == 0) {
    return Usage("--fps needs --cameras, which send so many frames a second each");
  }
  if (options.frames.empty() && (!options.form.empty() || options.no_server_metrics)) {
    return Usage("--form and --no-server-metrics need --frames");
  }
  if (options.burst > 0 && !options.audit) return Usage("--burst goes with --audit");
  if (!options.during.empty() && options.pid == 0) {
    return Usage("--during needs --pid N, the process that listens at the target");
  }
  if (!options.audit && options.during.empty() && options.pid > 0) {
    return Usage("--pid goes with --audit or --during");
  }
  if (!options.during.empty() && options.via == "redis") {
    return Usage("--during goes without --via redis: the process must listen at the target");
  }
  if (auto done = CheckAudit(options); !done) return done;
  const char* const other = options.audit                    ? "--audit"
                            : !options.find_capacity.empty() ? "--find-capacity"
                                                             : nullptr;
  if (other == nullptr) return {};
  if (options.audit && (!options.find_capacity.empty() || !options.fail.empty())) {
    return Usage("--audit has criteria of its own; leave --fail and --find-capacity out");
  }
  if (!options.html.empty() || !options.percentiles.empty() || !options.baseline.empty() ||
      !options.series.empty() || !options.during.empty()) {
    return Usage(
        std::string(other) +
        " writes text and --json; --html, --percentiles, --series, --baseline and --during "
        "are for a run");
  }
  if (!options.audit && !options.junit.empty()) {
    return Usage("--find-capacity has no tests for --junit; its exit code and --json tell");
  }
  return {};
}

// How long `schedule` takes to send `count` requests: to when the next one would be due, or to its
// end when it has no more.
nanoseconds LengthOf(const Schedule& schedule, std::uint64_t count) {
  const std::unique_ptr<Pacer> pacer = schedule.make();
  nanoseconds length{};
  for (std::uint64_t i = 0; i <= count; ++i) {
    const auto arrival = pacer->Next();
    if (!arrival) return std::max(schedule.length, length);
    length = arrival->at;
  }
  return length;
}

}  // namespace

Result<std::vector<Stage>> ParseStages(std::string_view text) {
  std::vector<Stage> stages;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto stage = ParseStage(text.substr(0, comma));
    if (!stage) {
      return Usage("--stages: stage " + std::to_string(stages.size() + 1) +
                   " is not DURATION@RATE or DURATION@FROM-TO, such as 30s@50 or 1m@50-200");
    }
    stages.push_back(*stage);
    if (comma == text.size()) return stages;
    text.remove_prefix(comma + 1);
  }
}

Result<LoadPlan> PlanLoad(const LoadtestOptions& options) {
  if (Schedules(options) > 1) {
    return Usage("give one of --rate, --stages, --arrivals-file, --cameras and --closed");
  }
  const milliseconds usual = options.find_capacity.empty() ? kUsualDuration : kUsualSlice;
  const auto duration =
      options.duration.empty() ? std::optional(usual) : ParseTime(options.duration);
  if (!duration) return Usage("--duration takes a time of at most a week, such as 30s or 5m");
  if (!options.find_capacity.empty() && !options.fail.empty()) {
    return Usage("give --fail or --find-capacity");
  }
  if (!options.find_capacity.empty() && Schedules(options) > (options.rate.empty() ? 0 : 1)) {
    return Usage("--find-capacity chooses the rates; give --rate alone, to begin with");
  }
  if (!options.audit && (options.production || !options.origin.empty())) {
    return Usage("--production and --origin go with --audit");
  }
  if (auto done = CheckTogether(options); !done) return std::unexpected(done.error());
  if (options.audit && Schedules(options) > 0) return Usage("--audit goes without a load");
  if (options.via == "redis" && (options.closed || options.audit || options.connections > 0 ||
                                 options.threads > 1 || options.no_keep_alive)) {
    return Usage(
        "--via redis goes without --closed, --audit, --connections, --threads and "
        "--no-keep-alive: frames are put on the stream one after another");
  }
  if (options.abort_on_fail && options.fail.empty()) return Usage("--abort-on-fail needs --fail");
  const auto timeout =
      options.timeout.empty() ? std::optional(kUsualTimeout) : ParseTime(options.timeout);
  if (!timeout) return Usage("--timeout takes a time, such as 500ms or 10s");

  const auto settle =
      options.settle.empty() ? std::optional(kUsualSettle) : ParseTime(options.settle);
  if (!settle) return Usage("--settle takes a time, such as 1s");
  if (!options.settle.empty() && options.via != "redis") {
    return Usage("--settle goes with --via redis");
  }

  const auto max_send_lag =
      options.max_send_lag.empty() ? std::optional(kUsualSendLag) : ParseTime(options.max_send_lag);
  if (!max_send_lag) return Usage("--max-send-lag takes a time, such as 10ms");

  LoadPlan plan;
  plan.max_send_lag = *max_send_lag;
  loadtest::RunPlan& run = plan.run;
  run.threads = options.threads;
  run.loop.timeout = *timeout;
  run.settle = *settle;
  run.loop.keep_alive = !options.no_keep_alive;
  run.loop.closed = options.closed;
  run.loop.connections = options.connections;
  run.loop.cameras = static_cast<std::uint32_t>(std::max<std::size_t>(options.cameras, 1));
  if (options.closed) {
    if (run.loop.connections == 0) run.loop.connections = std::max(kUsualClosed, options.threads);
    run.loop.hold_connections = true;
    run.loop.requests = options.requests;
    if (options.requests == 0 || !options.duration.empty()) run.loop.duration = *duration;
    plan.description = "closed loop of " + std::to_string(run.loop.connections) + " connections";
  } else {
    const auto schedule = MakeSchedule(options, *duration);
    if (!schedule) return std::unexpected(schedule.error());
    run.make_pacer = schedule->make;
    run.length = schedule->length;
    if (options.requests > 0) {
      run.make_pacer = [make = schedule->make, count = options.requests] {
        return loadtest::PaceFirst(make(), count);
      };
      run.length = LengthOf(*schedule, options.requests);
    }
    run.loop.hold_connections = options.connections > 0 && options.via != "redis";
    run.connections_are_limit = run.loop.connections == 0;
    if (run.connections_are_limit) run.loop.connections = ConnectionLimit();
    plan.description = "open loop, " + schedule->text + ", " + options.arrivals + " arrivals";
    if (options.requests > 0) {
      plan.description += ", " + std::to_string(options.requests) + " requests at most";
    }
    if (options.via == "redis") {
      plan.description += " through Redis";
    } else if (!run.connections_are_limit) {
      plan.description += ", at most " + std::to_string(run.loop.connections) + " connections";
    }
  }
  if (run.loop.HoldsConnections()) {
    if (auto fits = CheckFileLimit(run.loop.connections); !fits) {
      return std::unexpected(fits.error());
    }
  }
  if (run.loop.connections < options.threads) {
    return Usage("--threads may not be more than --connections");
  }
  return plan;
}

}  // namespace sampleproc::apps
