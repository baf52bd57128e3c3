#include "consumer/consumer.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "consumer/old_frames.h"
#include "resilience/next_try.h"
#include "resilience/retry_policy.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace condition = telemetry::condition;

bool EndedByStop(const base::Error& error) {
  return error.code == ErrorCode::kShuttingDown || error.code == ErrorCode::kCancelled;
}

std::string InSeconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<seconds>(time).count()) + " s";
}

}  // namespace

Consumer::Consumer(const PullContext& context, const Options& options, std::string upstream,
                   resilience::Backoff backoff)
    : context_(context),
      options_(options),
      upstream_(std::move(upstream)),
      backoff_(std::move(backoff)),
      facts_{.running = true,
             .problem = "no pull has been answered yet",
             .begun = context.clock.Now(),
             .last_frame = {}},
      heard_(context.clock.Now()) {
  try {
    thread_ = std::jthread([this] { Run(); });
    prober_ = std::jthread([this] { RunProbes(); });
  } catch (...) {
    Stop();  // one of them may be there
    throw;
  }
}

Consumer::~Consumer() { Stop(); }

void Consumer::Stop(const base::Deadline& end) {
  {
    const base::MutexLock lock(mutex_);
    facts_.running = false;
  }
  stop_.Cancel();
  context_.source.Interrupt(end);
  if (thread_.joinable()) thread_.join();
  if (prober_.joinable()) prober_.join();
}

std::optional<std::string> Consumer::Overdue() const {
  if (!pulling_since_) return std::nullopt;
  const auto waited = context_.clock.Now() - *pulling_since_;
  if (waited < kOverdue) return std::nullopt;
  return "a pull of frames has no answer for " + InSeconds(waited);
}

ConsumerFacts Consumer::facts() const {
  const base::MutexLock lock(mutex_);
  ConsumerFacts facts = facts_;
  if (auto overdue = Overdue()) {
    facts.connected = false;
    facts.problem = std::move(*overdue);
  }
  return facts;
}

void Consumer::Look() {
  TellPull();
  TellSettling();
}

// Told under the lock: a pull that is answered meanwhile clears after it what is so no more.
void Consumer::TellPull() {
  const base::MutexLock lock(mutex_);
  if (!facts_.running) return;
  if (const auto overdue = Overdue()) {
    context_.conditions.Raise(condition::kSourceUnreachable, upstream_, *overdue);
    return;
  }
  const auto quiet = full_since_.value_or(context_.clock.Now()) - heard_;
  const bool watched = options_.silent_after > milliseconds(0) && facts_.connected;
  if (!watched || quiet < options_.silent_after) return;
  context_.conditions.Raise(condition::kSourceSilent, upstream_,
                            "pulls succeed and have brought no frame for " + InSeconds(quiet) +
                                " (consumer.silent_after)");
}

// While pulls fail too, source_unreachable says it all.
void Consumer::TellSettling() {
  const auto settling = context_.source.Settling();
  if (settling) return context_.conditions.Clear(condition::kSettlementUnanswered, upstream_);
  if (!facts().connected) return;
  context_.conditions.Raise(condition::kSettlementUnanswered, upstream_, settling.error().message);
}

void Consumer::Run() {
  while (!stop_.Cancelled()) {
    try {
      PullOnce();
    } catch (const std::exception& error) {
      FailedByException(error.what());
    }
  }
}

// There may be no memory for telling it.
void Consumer::FailedByException(const char* what) {
  try {
    Failed(base::Fail(ErrorCode::kInternal, what).error());
  } catch (const std::exception&) {
    Pause(options_.backoff);
  }
}

// A pull waits for its answer, whatever ends it.
class Consumer::Waiting {
 public:
  explicit Waiting(Consumer& consumer) : consumer_(consumer) { Set(consumer.context_.clock.Now()); }
  ~Waiting() { Set(std::nullopt); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  void Set(std::optional<base::MonoTime> since) {
    const base::MutexLock lock(consumer_.mutex_);
    consumer_.pulling_since_ = since;
  }
  Consumer& consumer_;
};

base::Result<std::vector<Delivery>> Consumer::Pull(std::size_t count) {
  const Waiting waiting(*this);
  return context_.source.Pull(count);
}

// There is no room, whatever ends it. Who does not ask cannot hear: that is no silence of the
// source's.
class Consumer::Full {
 public:
  explicit Full(Consumer& consumer) : consumer_(consumer) {
    const base::MutexLock lock(consumer_.mutex_);
    consumer_.full_since_ = consumer_.context_.clock.Now();
  }
  ~Full() {
    const base::MutexLock lock(consumer_.mutex_);
    consumer_.heard_ +=
        consumer_.context_.clock.Now() - *std::exchange(consumer_.full_since_, std::nullopt);
  }
  Full(const Full&) = delete;
  Full& operator=(const Full&) = delete;

 private:
  Consumer& consumer_;
};

std::size_t Consumer::AwaitRoom() {
  std::optional<Full> full;
  if (context_.dispatcher.Room() == 0) full.emplace(*this);
  return context_.dispatcher.AwaitRoom(stop_);
}

void Consumer::PullOnce() {
  const std::size_t room = AwaitRoom();
  if (room == 0) return;
  const base::MonoTime began = context_.clock.Now();
  const std::size_t asked = std::min(room, static_cast<std::size_t>(options_.batch_size));
  auto pulled = Pull(asked);
  if (!pulled) return Failed(pulled.error());
  const bool has_frames = !pulled->empty();
  if (has_frames) {
    const auto age = OldestAge(*pulled, context_.clock.Wall());
    const base::MutexLock lock(mutex_);
    facts_.pulled_age = age;
    facts_.left_some = pulled->size() >= asked;
  }
  if (has_frames && context_.traces != nullptr) context_.traces->Received(*pulled, began);
  // First: what is told may find no memory, and the frames must have an owner by then.
  if (has_frames) context_.dispatcher.Accept(std::move(*pulled));
  Succeeded(has_frames);
  if (has_frames) return;
  // A source that waits for frames has paused already.
  const auto waited = std::chrono::duration_cast<milliseconds>(context_.clock.Now() - began);
  Pause(options_.poll_interval - waited);
}

void Consumer::Failed(const base::Error& error) {
  if (EndedByStop(error)) return;
  context_.metrics.pull_failures.Of(base::ErrorCodeName(error.code)).Add();
  ++failures_;
  milliseconds pause = backoff_(failures_);
  if (error.retry_after) {
    pause =
        std::max(pause, std::min(milliseconds(*error.retry_after), resilience::kLongestRetryAfter));
  }
  // First: who sees that it is not connected finds the reason.
  if (failures_ > context_.untold_failures) {
    context_.conditions.Raise(condition::kSourceUnreachable, upstream_,
                              "no frames can be pulled from " + upstream_ + ": " + error.message +
                                  " (" + std::string(base::ErrorCodeName(error.code)) + ")" +
                                  resilience::NextTry(pause));
  }
  {
    const base::MutexLock lock(mutex_);
    facts_.connected = false;
    facts_.problem = error.message;
  }
  if (failures_ > options_.max_retries) context_.source.Reset();
  Pause(pause);
}

void Consumer::Succeeded(bool has_frames) {
  failures_ = 0;
  {
    const base::MutexLock lock(mutex_);
    const base::MonoTime now = context_.clock.Now();
    if (has_frames) facts_.last_frame = now;
    if (has_frames || !facts_.connected) heard_ = now;
    facts_.connected = true;
    facts_.problem.clear();
  }
  if (!std::exchange(said_connected_, true)) {
    context_.log.Info("consumer: frames can be pulled",
                      {{"upstream", std::string_view(upstream_)}});
  }
  context_.conditions.Clear(condition::kSourceUnreachable, upstream_);
  if (has_frames) context_.conditions.Clear(condition::kSourceSilent, upstream_);
}

void Consumer::RunProbes() {
  while (true) {
    Pause(options_.health_check_interval);
    if (stop_.Cancelled()) return;
    try {
      ProbeOnce();
    } catch (const std::exception&) {
      continue;  // no memory: the next one tells
    }
  }
}

void Consumer::ProbeOnce() {
  const auto answer = context_.source.Probe();
  if (answer) return context_.conditions.Clear(condition::kSourceUnhealthy, upstream_);
  if (EndedByStop(answer.error())) return;
  context_.conditions.Raise(condition::kSourceUnhealthy, upstream_, answer.error().message);
}

void Consumer::Pause(milliseconds time) {
  const base::Deadline over(context_.clock, std::max(time, milliseconds(0)));
  base::MutexLock lock(mutex_);
  while (!stop_.Cancelled() && !over.Expired()) wake_.WaitUntil(mutex_, over, stop_);
}

}  // namespace sampleproc::consumer
