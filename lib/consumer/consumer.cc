#include "consumer/consumer.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

// Longest wait for room before the loop looks whether it has been stopped, or should probe.
constexpr milliseconds kLook{200};
constexpr milliseconds kLongestRetryAfter{60'000};

bool EndedByStop(const base::Error& error) {
  return error.code == ErrorCode::kShuttingDown || error.code == ErrorCode::kCancelled;
}

}  // namespace

Consumer::Consumer(FrameSource& source, Dispatcher& dispatcher, const Options& options,
                   Backoff backoff, telemetry::Metrics& metrics, const base::Clock& clock,
                   base::Logger& log)
    : source_(source),
      dispatcher_(dispatcher),
      options_(options),
      backoff_(std::move(backoff)),
      metrics_(metrics),
      clock_(clock),
      log_(log),
      next_probe_(clock.Now() + options.health_check_interval),
      facts_{.running = true, .problem = "no pull has been answered yet", .last_frame = {}},
      thread_([this] { Run(); }) {}

Consumer::~Consumer() { Stop(); }

void Consumer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    facts_.running = false;
    wake_.notify_all();
  }
  source_.Interrupt();
  if (thread_.joinable()) thread_.join();
}

ConsumerFacts Consumer::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

void Consumer::Run() {
  const auto stopping = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  while (!stopping()) {
    try {
      PullOnce();
      ProbeIfDue();
    } catch (const std::exception& error) {
      Failed(base::Fail(ErrorCode::kInternal, error.what()).error());
    }
  }
}

void Consumer::PullOnce() {
  const std::size_t room = dispatcher_.AwaitRoom(kLook);
  if (room == 0) return;
  const base::MonoTime began = clock_.Now();
  auto pulled = source_.Pull(std::min(room, static_cast<std::size_t>(options_.batch_size)));
  if (!pulled) return Failed(pulled.error());
  Succeeded();
  if (pulled->empty()) {
    // A source that waits for frames has paused already.
    const auto waited = std::chrono::duration_cast<milliseconds>(clock_.Now() - began);
    return Pause(options_.poll_interval - waited);
  }
  {
    const std::lock_guard lock(mutex_);
    facts_.last_frame = clock_.Now();
  }
  dispatcher_.Accept(std::move(*pulled));
}

void Consumer::Failed(const base::Error& error) {
  if (EndedByStop(error)) return;
  metrics_.ConsumerPullFailed(error);
  ++failures_;
  {
    const std::lock_guard lock(mutex_);
    facts_.connected = false;
    facts_.problem = error.message;
  }
  if (!std::exchange(said_unreachable_, true)) {
    log_.Warning("consumer: no frames can be pulled",
                 {{"error_type", base::ErrorCodeName(error.code)},
                  {"error", std::string_view(error.message)}});
  }
  if (failures_ > options_.max_retries) source_.Reset();
  milliseconds pause = backoff_(failures_);
  if (error.retry_after) {
    pause = std::max(pause, std::min(milliseconds(*error.retry_after), kLongestRetryAfter));
  }
  Pause(pause);
}

void Consumer::Succeeded() {
  if (failures_ > 0 || !facts().connected) {
    log_.Info("consumer: frames can be pulled", {{"failures", std::int64_t{failures_}}});
    const std::lock_guard lock(mutex_);
    facts_.connected = true;
    facts_.problem.clear();
  }
  failures_ = 0;
  said_unreachable_ = false;
}

void Consumer::ProbeIfDue() {
  if (clock_.Now() < next_probe_) return;
  const auto answer = source_.Probe();
  next_probe_ = clock_.Now() + options_.health_check_interval;
  const std::string problem = answer ? "" : answer.error().message;
  if (problem == upstream_problem_) return;
  if (problem.empty()) {
    log_.Info("consumer: the upstream says that it is healthy");
  } else if (!EndedByStop(answer.error())) {
    log_.Warning("consumer: the upstream is not healthy", {{"error", std::string_view(problem)}});
  }
  upstream_problem_ = problem;
}

void Consumer::Pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::max(time, milliseconds(0)), [this] { return stopping_; });
}

}  // namespace sampleproc::consumer
