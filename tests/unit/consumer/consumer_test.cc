#include "consumer/consumer.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "support/counting_log.h"
#include "support/fake_clock.h"
#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using telemetry::condition::kSettlementUnanswered;
using telemetry::condition::kSourceSilent;
using telemetry::condition::kSourceUnhealthy;
using telemetry::condition::kSourceUnreachable;
using Pulled = base::Result<std::vector<Delivery>>;

base::Error Broken(ErrorCode code = ErrorCode::kUnavailable) {
  return base::Fail(code, "as the test wants it").error();
}

std::vector<Delivery> Frames(std::size_t count) {
  std::vector<Delivery> frames(count);
  for (std::size_t i = 0; i < count; ++i) {
    frames[i].ticket = i + 1;
    frames[i].broken = Broken(ErrorCode::kInvalidFrame);  // ends without a worker
  }
  return frames;
}

// Gives what the test has prepared, then nothing; a pull with nothing prepared waits for it.
class Scripted final : public FrameSource {
 public:
  Pulled Pull(std::size_t count) override {
    std::unique_lock lock(mutex_);
    largest_ = std::max(largest_, count);
    changed_.wait(lock, [this] { return interrupted_ || !answers_.empty(); });
    if (interrupted_) return base::Fail(ErrorCode::kShuttingDown, "a stop");
    Pulled answer = std::move(answers_.front());
    answers_.pop_front();
    ++pulls_;
    rooms_asked_ = 0;
    changed_.notify_all();
    return answer;
  }
  void Settle(Settlement, OnSettled done) override {
    {
      const std::lock_guard lock(mutex_);
      if (holds_) return unsettled_ones_.push_back(std::move(done));
    }
    done(true);
  }
  std::size_t Parked() const override {
    const std::lock_guard lock(mutex_);
    ++rooms_asked_;
    changed_.notify_all();
    return 0;
  }
  void HoldSettlements() {
    const std::lock_guard lock(mutex_);
    holds_ = true;
  }
  void LetSettlements() {
    std::vector<OnSettled> all;
    {
      const std::lock_guard lock(mutex_);
      holds_ = false;
      all.swap(unsettled_ones_);
    }
    for (OnSettled& done : all) done(true);
  }
  // Until the room has been asked for so often since the last pull.
  void AwaitRoomsAsked(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return rooms_asked_ >= count; });
  }
  bool TakesBack() const override { return true; }
  void Reset() override {
    const std::lock_guard lock(mutex_);
    ++resets_;
  }
  base::Result<void> Probe() override {
    const std::lock_guard lock(mutex_);
    ++probes_;
    changed_.notify_all();
    if (unhealthy_) return std::unexpected(Broken());
    return {};
  }
  base::Result<void> Settling() const override {
    const std::lock_guard lock(mutex_);
    if (unsettled_) return std::unexpected(Broken());
    return {};
  }
  void SetUnsettled(bool unsettled) {
    const std::lock_guard lock(mutex_);
    unsettled_ = unsettled;
  }
  void SetUnhealthy(bool unhealthy) {
    const std::lock_guard lock(mutex_);
    unhealthy_ = unhealthy;
  }
  void Interrupt(const base::Deadline& /*end*/) override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }

  void Give(Pulled answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.notify_all();
  }
  void AwaitPulls(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pulls_ >= count; });
  }
  void AwaitProbes(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return probes_ >= count; });
  }
  int resets() {
    const std::lock_guard lock(mutex_);
    return resets_;
  }
  std::size_t largest() {
    const std::lock_guard lock(mutex_);
    return largest_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int rooms_asked_ = 0;
  std::vector<OnSettled> unsettled_ones_;
  bool holds_ = false;
  std::deque<Pulled> answers_;
  bool interrupted_ = false;
  bool unhealthy_ = false;
  bool unsettled_ = false;
  int pulls_ = 0;
  int probes_ = 0;
  int resets_ = 0;
  std::size_t largest_ = 0;
};

struct Bench {
  Bench() {
    options.poll_interval = std::chrono::milliseconds(0);
    pixels.PaidBy(budget);
    dispatcher.emplace(DispatcherContext{source,
                                         sinks,
                                         pixels,
                                         fetchers,
                                         hands,
                                         wakeups,
                                         {tracker, clock, frames},
                                         budget,
                                         ledger,
                                         conditions,
                                         log},
                       DispatcherOptions{options, process});
  }
  ~Bench() {
    consumer.reset();
    fetchers.Stop();
    dispatcher.reset();
  }
  // The reason of this condition, "" when it is not so.
  std::string Told(std::string_view name) {
    consumer->Look();
    for (const auto& each : conditions.List()) {
      if (each.name == name && each.subject == "buffer:8002") return each.reason;
    }
    return "";
  }
  void Start() {
    consumer.emplace(PullContext{source, *dispatcher, metrics, conditions, clock, log}, options,
                     "buffer:8002", [this](int count) {
                       const std::lock_guard lock(mutex);
                       failures.push_back(count);
                       return std::chrono::milliseconds(0);
                     });
  }

  Options options;
  process::Options process;
  testing::FakeClock clock;
  sampleproc::test::CountingLog log;
  telemetry::Registry registry{clock};
  process::Metrics frames{registry, clock};
  Metrics metrics{registry};
  telemetry::Conditions conditions{clock, log};
  process::FrameTracker tracker{100, log};
  resources::MemoryBudget budget{1 << 20};
  Scripted source;
  SinkSet sinks;
  test::Pixels pixels;
  FetchThreads fetchers{1, pixels, log};
  test::Hands hands{1};
  WakeupThread wakeups{clock};
  Ledger ledger{metrics, frames};
  std::mutex mutex;
  std::vector<int> failures;
  std::optional<Dispatcher> dispatcher;
  std::optional<Consumer> consumer;
};

constexpr const char* kLost = "condition begins";
constexpr const char* kFound = "condition ends";

TEST_CASE("what is pulled is dispatched, a batch at most at a time") {
  Bench bench;
  bench.options.batch_size = 3;
  bench.Start();
  CHECK_FALSE(bench.consumer->facts().connected);
  CHECK_FALSE(bench.consumer->facts().last_frame);
  bench.source.Give(Frames(3));
  bench.source.Give(Frames(2));
  while (bench.ledger.totals().dead < 5) std::this_thread::yield();
  while (!bench.consumer->facts().last_frame) std::this_thread::yield();
  CHECK(bench.consumer->facts().running);
  CHECK(bench.consumer->facts().connected);
  CHECK(bench.consumer->facts().problem.empty());
  CHECK(bench.consumer->facts().last_frame);
  CHECK(bench.source.largest() == 3);
}

TEST_CASE("failures are backed off and counted, each change of state is logged once") {
  Bench bench;
  bench.options.max_retries = 2;
  bench.Start();
  for (int i = 0; i < 4; ++i) bench.source.Give(std::unexpected(Broken()));
  bench.source.Give(Frames(0));
  bench.source.Give(std::unexpected(Broken(ErrorCode::kRequestTimeout)));
  bench.source.Give(Frames(1));
  while (bench.ledger.totals().dead < 1) std::this_thread::yield();
  // Told after the frames' hand-over. It had failed a moment ago, and so is watched for a while.
  while (bench.Told(kSourceUnreachable).find("; it works again") == std::string::npos) {
    std::this_thread::yield();
  }
  {
    const std::lock_guard lock(bench.mutex);
    CHECK(bench.failures == std::vector{1, 2, 3, 4, 1});
  }
  CHECK(bench.source.resets() == 2);  // with the third failure in a row and with the fourth
  CHECK(bench.log.Count("consumer: frames can be pulled") == 1);
  CHECK(bench.log.Count(kLost) == 2);
  CHECK(bench.log.Count(kFound) == 1);
  const std::string text = bench.registry.Text();
  CHECK(text.find("pull_failures_total{type=\"unavailable\"} 4\n") != std::string::npos);
  CHECK(text.find("pull_failures_total{type=\"request-timeout\"} 1\n") != std::string::npos);
}

TEST_CASE("a failure is told until a pull succeeds") {
  Bench bench;
  bench.Start();
  bench.source.Give(std::unexpected(Broken()));
  while (bench.consumer->facts().problem != "as the test wants it") std::this_thread::yield();
  CHECK_FALSE(bench.consumer->facts().connected);
  bench.source.Give(Frames(0));
  while (!bench.consumer->facts().connected) std::this_thread::yield();
  CHECK(bench.consumer->facts().problem.empty());
}

TEST_CASE("the upstream is asked how it is every health_check_interval, also while a pull hangs") {
  Bench bench;
  bench.options.health_check_interval = std::chrono::seconds(3);
  bench.Start();
  bench.source.Give(Frames(0));
  bench.source.AwaitPulls(1);
  bench.source.SetUnhealthy(true);
  // The thread may only just be beginning its pause.
  while (bench.Told(kSourceUnhealthy).empty()) {
    bench.clock.Advance(std::chrono::milliseconds(1));
    std::this_thread::yield();
  }
  CHECK(bench.Told(kSourceUnhealthy) == "as the test wants it");
  bench.source.SetUnhealthy(false);
  while (!bench.Told(kSourceUnhealthy).empty()) {
    bench.clock.Advance(std::chrono::milliseconds(1));
    std::this_thread::yield();
  }
}

TEST_CASE("a pull that has no answer for seconds is told before it fails") {
  Bench bench;
  bench.Start();
  bench.source.Give(Frames(0));
  while (!bench.consumer->facts().connected) std::this_thread::yield();
  CHECK(bench.Told(kSourceUnreachable).empty());
  // The next pull hangs; it may only just be beginning.
  while (bench.Told(kSourceUnreachable).empty()) bench.clock.Advance(Consumer::kOverdue);
  CHECK(bench.Told(kSourceUnreachable).starts_with("a pull of frames has no answer for "));
  CHECK_FALSE(bench.consumer->facts().connected);
  bench.source.Give(Frames(0));
  while (!bench.Told(kSourceUnreachable).empty()) std::this_thread::yield();
  CHECK(bench.consumer->facts().connected);
  while (bench.log.Count(kFound) < 1) std::this_thread::yield();  // logged after it has ended
  CHECK(bench.log.Count(kLost) == 1);
  CHECK(bench.log.Count(kFound) == 1);
}

TEST_CASE("an upstream that answers and has no frames for silent_after is told until it has one") {
  Bench bench;
  bench.options.silent_after = std::chrono::seconds(60);
  bench.Start();
  auto nothing = [&bench, pulls = 0]() mutable {
    bench.source.Give(Frames(0));
    bench.source.AwaitPulls(++pulls);
    while (!bench.consumer->facts().connected) std::this_thread::yield();
  };
  nothing();
  bench.clock.Advance(std::chrono::seconds(1));
  CHECK(bench.Told(kSourceSilent).empty());
  for (int i = 0; i < 62; ++i) {  // none of them is overdue
    nothing();
    bench.clock.Advance(std::chrono::seconds(1));
  }
  CHECK(bench.Told(kSourceSilent).starts_with("pulls succeed and have brought no frame for 6"));
  bench.source.Give(Frames(1));
  while (!bench.Told(kSourceSilent).empty()) std::this_thread::yield();
}

TEST_CASE("a wait for room is no silence of the upstream, and ends with the room or with a stop") {
  Bench bench;
  bench.options.silent_after = std::chrono::seconds(60);
  bench.source.HoldSettlements();
  bench.Start();
  bench.source.Give(Frames(bench.dispatcher->Room()));
  bench.source.AwaitPulls(1);
  // The loop looks first, then waits; accepting frames asks for no room.
  bench.source.AwaitRoomsAsked(2);
  CHECK(bench.dispatcher->Room() == 0);
  bench.clock.Advance(std::chrono::seconds(300));
  CHECK(bench.Told(kSourceSilent).empty());
  bench.source.LetSettlements();
  bench.source.Give(Frames(0));
  bench.source.AwaitPulls(2);
  CHECK(bench.Told(kSourceSilent).empty());

  bench.source.HoldSettlements();
  bench.source.Give(Frames(bench.dispatcher->Room()));
  bench.source.AwaitPulls(3);
  bench.source.AwaitRoomsAsked(2);
  bench.consumer->Stop();
  bench.source.LetSettlements();
}

TEST_CASE("a stop ends a pull that waits, and a pause that the upstream asked for") {
  Bench waits;
  waits.Start();
  waits.consumer->Stop();
  CHECK_FALSE(waits.consumer->facts().running);

  Bench pauses;
  pauses.Start();
  base::Error busy = Broken();
  busy.retry_after = std::chrono::seconds(3600);
  pauses.source.Give(std::unexpected(busy));
  pauses.source.AwaitPulls(1);
  pauses.consumer->Stop();
  CHECK(pauses.log.Count(kLost) == 1);
}

TEST_CASE("settlements without an answer are told while pulls have theirs, and until they end") {
  Bench bench;
  bench.Start();
  bench.source.SetUnsettled(true);
  CHECK(bench.Told(kSettlementUnanswered).empty());  // no pull has been answered either
  bench.source.Give(Frames(0));
  while (!bench.consumer->facts().connected) std::this_thread::yield();
  CHECK(bench.Told(kSettlementUnanswered) == "as the test wants it");
  bench.source.SetUnsettled(false);
  CHECK(bench.Told(kSettlementUnanswered).empty());
}

}  // namespace
}  // namespace sampleproc::consumer
