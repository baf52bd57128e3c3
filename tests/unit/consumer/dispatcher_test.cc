#include "consumer/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;

// An upstream that keeps what became of its frames; the pull is the test's.
class Upstream final : public FrameSource {
 public:
  base::Result<std::vector<Delivery>> Pull(std::size_t) override { return {}; }
  void Settle(Settlement settlement, OnSettled done) override {
    const bool ours = !lost.contains(settlement.frame_id);
    {
      const std::lock_guard lock(mutex_);
      settled_.push_back(std::move(settlement));
    }
    done(ours);
  }
  bool TakesBack() const override { return takes_back; }
  void Reset() override {}
  base::Result<void> Probe() override { return {}; }
  void Interrupt() override {}

  // "id:ending:reason" of each, in order.
  std::vector<std::string> Settled() const {
    constexpr const char* kEndings[] = {"done", "dropped", "dead", "returned"};
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const Settlement& each : settled_) {
      lines.push_back(each.frame_id + ':' + kEndings[static_cast<int>(each.ending)] +
                      (each.reason.empty() ? "" : ":" + each.reason));
    }
    return lines;
  }

  bool takes_back = true;
  std::set<std::string> lost;  // frames that somebody else settles first

 private:
  mutable std::mutex mutex_;
  std::vector<Settlement> settled_;
};

// Pixels that arrive when the test lets them.
class Pixels final : public PixelLoader {
 public:
  base::Result<frame::Frame> Load(FrameEntry& entry, const base::Allowance&) override {
    std::unique_lock lock(mutex_);
    asked_.insert(entry.frame_id);
    events_.push_back("+" + entry.frame_id);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_.contains(entry.frame_id); });
    events_.push_back("-" + entry.frame_id);
    auto& failures = failures_[entry.frame_id];
    if (!failures.empty()) {
      const ErrorCode code = failures.back();
      failures.pop_back();
      return base::Fail(code, "as the test wants it");
    }
    frame::Frame frame;
    frame.frame_id = entry.frame_id;
    frame.camera_id = entry.camera_id;
    frame.storage.resize(64);
    frame.encoded = frame.storage;
    frame.raw = frame::RawDescription{frame::RawFormat::kGray8, 8, 8};
    return frame;
  }

  void Hold(const std::string& id) {
    const std::lock_guard lock(mutex_);
    held_.insert(id);
  }
  void Let(const std::string& id) {
    const std::lock_guard lock(mutex_);
    held_.erase(id);
    changed_.notify_all();
  }
  void AwaitAsked(const std::string& id) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_.contains(id); });
  }
  // Which frames were begun (+) and ended (-), in order.
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  void FailOn(const std::string& id, std::vector<ErrorCode> codes) { failures_[id] = codes; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> held_;
  std::set<std::string> asked_;
  std::vector<std::string> events_;
  std::map<std::string, std::vector<ErrorCode>> failures_;
};

class Sink final : public ResultSink {
 public:
  std::string_view name() const override { return "test"; }
  void Take(const ResultRecord& record) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(record.frame_id + ' ' + record.json);
  }
  void Flush(const base::Deadline&) override {}
  SinkCounts counts() const override { return {}; }
  std::vector<std::string> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
};

// Everything around a dispatcher; set options before Start.
struct Bench {
  void Start(int workers = 2) {
    process.pipeline = {"stats"};
    auto started =
        process::WorkerPool::Start(workers, 100, {process, codec, budget, clock, cameras}, log);
    REQUIRE(started);
    pool = std::move(*started);
    dispatcher.emplace(
        DispatcherContext{
            upstream, sinks, pixels, *pool, {tracker, clock, metrics}, budget, ledger, log},
        DispatcherOptions{options, process});
  }
  ~Bench() {
    if (!dispatcher) return;
    dispatcher->Cancel();
    pool->StopWithin(std::chrono::hours(1));
    dispatcher.reset();
  }

  void Give(const std::string& id, std::optional<std::string> camera = {}, int deliveries = 1,
            std::optional<std::string> timestamp = {}) {
    Delivery delivery;
    delivery.ticket = ++tickets;
    delivery.deliveries = deliveries;
    delivery.entry.frame_id = id;
    delivery.entry.camera_id = std::move(camera);
    delivery.entry.timestamp = std::move(timestamp);
    std::vector<Delivery> deliveries_given;
    deliveries_given.push_back(std::move(delivery));
    dispatcher->Accept(std::move(deliveries_given));
  }

  // The pauses between two tries are by the clock, which stands still but for this. Meanwhile a
  // worker may be at a frame for any time, so none is allotted to it: set process.deadline to 0.
  void AwaitRetries(std::size_t settled) {
    while (upstream.Settled().size() < settled) {
      clock.Advance(std::chrono::milliseconds(5));
      std::this_thread::yield();
    }
  }

  // Waits until so many frames are settled, and tells how, in order.
  std::vector<std::string> AwaitSettled(std::size_t count) const {
    while (upstream.Settled().size() < count) std::this_thread::yield();
    return upstream.Settled();
  }

  Options options;
  process::Options process;
  codec::Options codec;
  testing::FakeClock clock;
  test::NullLogger log;
  telemetry::Metrics metrics{clock, "test"};
  process::FrameTracker tracker{1000, log};
  resources::MemoryBudget budget{64 << 20};
  process::CameraStates cameras{1, budget};
  Upstream upstream;
  Pixels pixels;
  Sink* sink = new Sink;  // of `sinks`
  SinkSet sinks = [this] {
    std::vector<std::unique_ptr<ResultSink>> all;
    all.emplace_back(sink);
    return SinkSet(std::move(all));
  }();
  Ledger ledger{metrics};
  std::uint64_t tickets = 0;
  std::unique_ptr<process::WorkerPool> pool;
  std::optional<Dispatcher> dispatcher;
};

using Lines = std::vector<std::string>;

TEST_CASE("a frame that is done is settled with its record, and the sinks have it") {
  Bench bench;
  bench.options.processor_id = "p-1";
  bench.Start();
  bench.Give("a", "cam", 1, "2025-07-29T11:14:56Z");
  CHECK(bench.AwaitSettled(1) == Lines{"a:done"});
  REQUIRE(bench.dispatcher->Drain({}) == 0);
  REQUIRE(bench.sink->records().size() == 1);
  const std::string record = bench.sink->records().front();
  CHECK(record.find(R"("frame_id":"a","camera_id":"cam","timestamp":"2025-07-29T11:14:56Z")") !=
        std::string::npos);
  CHECK(record.find(R"("processor_id":"p-1")") != std::string::npos);
  const auto totals = bench.ledger.totals();
  CHECK(totals.offered == 1);
  CHECK(totals.done == 1);
  CHECK(totals.held() == 0);
}

TEST_CASE("what somebody else settled first goes to no sink and counts as taken over") {
  Bench bench;
  bench.upstream.lost = {"a"};
  bench.Start();
  bench.Give("a");
  bench.Give("b");
  bench.AwaitSettled(2);
  REQUIRE(bench.dispatcher->Drain({}) == 0);
  CHECK(bench.sink->records().size() == 1);
  CHECK(bench.ledger.totals().taken_over == 1);
  CHECK(bench.ledger.totals().done == 1);
}

TEST_CASE("the results of a camera go out in its frames' order, those of others meanwhile") {
  Bench bench;
  bench.pixels.Hold("a1");
  bench.Start();
  bench.Give("a1", "a");
  bench.pixels.AwaitAsked("a1");
  bench.Give("a2", "a");
  bench.Give("b1", "b");
  CHECK(bench.AwaitSettled(1) == Lines{"b1:done"});
  bench.pixels.Let("a1");
  CHECK(bench.AwaitSettled(3) == Lines{"b1:done", "a1:done", "a2:done"});
}

TEST_CASE("what cannot be done is dead at once and leaves its neighbours alone") {
  Bench bench;
  bench.pixels.FailOn("bad", {ErrorCode::kInvalidFrame});
  bench.Start(1);
  Delivery broken;
  broken.ticket = ++bench.tickets;
  broken.entry.frame_id = "broken";
  broken.broken = base::Fail(ErrorCode::kInvalidFrame, "no entry").error();
  std::vector<Delivery> deliveries;
  deliveries.push_back(std::move(broken));
  bench.dispatcher->Accept(std::move(deliveries));
  bench.Give("bad");
  bench.Give("good");
  CHECK(bench.AwaitSettled(3) ==
        Lines{"broken:dead:invalid-frame", "bad:dead:invalid-frame", "good:done"});
}

TEST_CASE("a frame without pixels is dropped, or dead where that is wanted; never a result") {
  for (const auto policy : {NoPixels::kDrop, NoPixels::kDead}) {
    Bench bench;
    bench.options.no_pixels = policy;
    bench.pixels.FailOn("a", {ErrorCode::kNotFound});
    bench.Start();
    bench.Give("a");
    const bool dead = policy == NoPixels::kDead;
    CHECK(bench.AwaitSettled(1) == Lines{dead ? "a:dead:no_pixels" : "a:dropped:no_pixels"});
    CHECK(bench.sink->records().empty());
  }
}

TEST_CASE("what fails by no fault of its own is tried again, max_retries times") {
  Bench bench;
  bench.options.max_retries = 2;
  bench.process.deadline = {};
  bench.pixels.FailOn("a", {ErrorCode::kUnavailable, ErrorCode::kOverloaded});
  bench.pixels.FailOn("b", std::vector(5, ErrorCode::kUnavailable));
  bench.Start(1);
  bench.Give("a");
  bench.Give("b");
  bench.AwaitRetries(2);
  const Lines settled = bench.upstream.Settled();
  CHECK(std::set(settled.begin(), settled.end()) ==
        std::set<std::string>{"a:done", "b:dead:unavailable"});
  CHECK(bench.tracker.totals().retries == 4);
}

TEST_CASE("a suspect is worked alone") {
  Bench bench;
  bench.pixels.Hold("before");
  bench.pixels.Hold("suspect");
  bench.Start();
  bench.Give("before");
  bench.pixels.AwaitAsked("before");
  bench.Give("suspect", {}, 2);
  bench.Give("after");
  // A worker is idle, and yet nothing begins beside the one that is in work.
  bench.pixels.Let("before");
  bench.pixels.AwaitAsked("suspect");
  bench.pixels.Let("suspect");
  bench.AwaitSettled(3);
  CHECK(bench.pixels.events() ==
        Lines{"+before", "-before", "+suspect", "-suspect", "+after", "-after"});
}

TEST_CASE("a suspect that hangs stops the rest for a second at most") {
  Bench bench;
  bench.pixels.Hold("hangs");
  bench.Start();
  bench.Give("hangs", {}, 2);
  bench.pixels.AwaitAsked("hangs");
  bench.Give("after");
  bench.Give("next suspect", {}, 2);
  bench.clock.Advance(std::chrono::seconds(1));
  CHECK(bench.AwaitSettled(2) == Lines{"after:done", "next suspect:done"});
  bench.pixels.Let("hangs");
  bench.AwaitSettled(3);
}

TEST_CASE("a frame whose worker does not come back is dead, and what comes late is thrown away") {
  Bench bench;
  bench.pixels.Hold("hangs");
  bench.Start();
  bench.Give("hangs", "a");
  bench.pixels.AwaitAsked("hangs");
  bench.Give("after", "a");
  const std::chrono::seconds limit(30);
  bench.clock.Advance(limit - std::chrono::seconds(1));
  bench.dispatcher->GiveUpStuck(limit);
  CHECK(bench.upstream.Settled().empty());
  bench.clock.Advance(std::chrono::seconds(1));
  bench.dispatcher->GiveUpStuck(limit);
  CHECK(bench.AwaitSettled(2) == Lines{"hangs:dead:stuck", "after:done"});
  REQUIRE(bench.dispatcher->Drain({}) == 0);
  bench.dispatcher->GiveUpStuck(limit);

  bench.pixels.Let("hangs");
  while (bench.pool->counts().active > 0) std::this_thread::yield();
  CHECK(bench.upstream.Settled().size() == 2);
  CHECK(bench.sink->records().size() == 1);
  CHECK(bench.ledger.totals().dead == 1);
  CHECK(bench.ledger.totals().held() == 0);
}

TEST_CASE("with no worker left what waits for one is returned, and a stop does not wait") {
  Bench bench;
  bench.process.batch_size = 1;
  bench.pixels.Hold("hangs");
  bench.Start(1);
  bench.Give("hangs");
  bench.pixels.AwaitAsked("hangs");
  for (const char* id : {"handed on", "waits", "waits too"}) bench.Give(id);
  const std::chrono::seconds limit(30);
  bench.clock.Advance(limit);
  bench.dispatcher->GiveUpStuck(limit);
  CHECK(bench.dispatcher->AwaitRoom(std::chrono::milliseconds(0)) == 0);
  CHECK(bench.dispatcher->Drain({}) == 0);
  const Lines settled = bench.upstream.Settled();
  CHECK(std::multiset(settled.begin(), settled.end()) ==
        std::multiset<std::string>{"hangs:dead:stuck", "handed on:returned", "waits:returned",
                                   "waits too:returned"});
  bench.pixels.Let("hangs");
}

TEST_CASE("with policy latest the newest frame of a camera is worked on, the rest is dropped") {
  Bench bench;
  bench.options.policy = Policy::kLatest;
  for (const char* id : {"x", "y"}) bench.pixels.Hold(id);
  bench.Start(1);
  bench.Give("x", "x");  // one with the worker and one before it
  bench.Give("y", "y");
  bench.pixels.AwaitAsked("x");
  while (bench.dispatcher->OldestAge().count() > 0) std::this_thread::yield();
  bench.Give("a1", "a");
  bench.Give("a2", "a");
  bench.Give("a3", "a");
  bench.pixels.Let("x");
  bench.pixels.Let("y");
  const Lines settled = bench.AwaitSettled(5);
  const std::multiset<std::string> all(settled.begin(), settled.end());
  CHECK(all.contains("a3:done"));
  CHECK(all.count("a1:dropped:newer_frame") + all.count("a1:done") == 1);
  CHECK(bench.ledger.totals().done + bench.ledger.totals().dropped == 5);
}

TEST_CASE("frames older than max_age are dropped when their turn comes") {
  Bench bench;
  bench.options.max_age = std::chrono::seconds(2);
  bench.Start();
  const auto now = std::chrono::duration<double>(bench.clock.Wall().time_since_epoch()).count();
  bench.Give("old", {}, 1, std::to_string(now - 3));
  bench.Give("young", {}, 1, std::to_string(now - 1));
  bench.Give("of unknown age", {}, 1, "yesterday");
  const Lines settled = bench.AwaitSettled(3);
  CHECK(std::set(settled.begin(), settled.end()) ==
        std::set<std::string>{"old:dropped:max_age", "young:done", "of unknown age:done"});
}

TEST_CASE("no more is pulled than the workers and one pull need") {
  Bench bench;
  bench.options.batch_size = 3;
  bench.process.batch_size = 2;
  bench.pixels.Hold("0");
  bench.Start(1);
  const std::size_t room = bench.dispatcher->AwaitRoom(std::chrono::milliseconds(0));
  CHECK(room == 1 + 2 + 3);
  for (std::size_t i = 0; i < room; ++i) bench.Give(std::to_string(i));
  CHECK(bench.dispatcher->AwaitRoom(std::chrono::milliseconds(0)) == 0);
  bench.pixels.Let("0");
  CHECK(bench.dispatcher->AwaitRoom(std::chrono::hours(1)) > 0);
}

TEST_CASE("while there is no memory for what is held nothing is pulled") {
  Bench bench;
  bench.pixels.Hold("large");
  bench.Start();
  auto all = bench.budget.TryReserve(bench.budget.capacity(), "a test");
  REQUIRE(all);
  Delivery delivery;
  delivery.ticket = 1;
  delivery.entry.frame_id = "large";
  delivery.entry.frame_data.resize(1000);
  std::vector<Delivery> deliveries;
  deliveries.push_back(std::move(delivery));
  bench.dispatcher->Accept(std::move(deliveries));
  CHECK(bench.dispatcher->AwaitRoom(std::chrono::milliseconds(0)) == 0);
  all->Release();
  bench.pixels.Let("large");
  CHECK(bench.dispatcher->AwaitRoom(std::chrono::hours(1)) > 0);
}

TEST_CASE("pixels that were fetched are paid for, and what there is no memory for is tried again") {
  Bench bench;
  bench.process.deadline = {};
  bench.Start(1);
  // Not enough for the eight rows of eight pixels.
  auto most = bench.budget.TryReserve(bench.budget.capacity() - 63, "a test");
  REQUIRE(most);
  bench.Give("a");
  while (bench.tracker.totals().retries == 0) std::this_thread::yield();
  most->Release();
  bench.AwaitRetries(1);
  CHECK(bench.upstream.Settled() == Lines{"a:done"});
  CHECK(bench.pixels.events() == Lines{"+a", "-a", "+a", "-a"});
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("a stop returns what waits where the source takes it back, and finishes it elsewhere") {
  for (const bool takes_back : {true, false}) {
    Bench bench;
    bench.upstream.takes_back = takes_back;
    bench.process.batch_size = 1;
    bench.pixels.Hold("in work");
    bench.Start(1);
    bench.Give("in work");
    bench.pixels.AwaitAsked("in work");
    bench.Give("handed on");
    bench.Give("waits");
    const base::Deadline at_once(bench.clock, std::chrono::nanoseconds(0));
    CHECK(bench.dispatcher->Drain(at_once) > 0);
    bench.pixels.Let("in work");
    CHECK(bench.dispatcher->Drain({}) == 0);
    const Lines settled = bench.upstream.Settled();
    CHECK(settled.size() == 3);
    const auto totals = bench.ledger.totals();
    CHECK(totals.done + totals.returned == 3);
    CHECK((totals.returned > 0) == takes_back);  // one or both, as far as the feeder had come
    CHECK(std::ranges::find(settled, "in work:done") != settled.end());
    CHECK(bench.dispatcher->AwaitRoom(std::chrono::milliseconds(0)) == 0);
  }
}

TEST_CASE("a cancelled dispatcher returns what is in work") {
  Bench bench;
  bench.pixels.Hold("a");
  bench.Start(1);
  bench.Give("a");
  bench.pixels.AwaitAsked("a");
  bench.dispatcher->Cancel();
  bench.pixels.Let("a");
  CHECK(bench.AwaitSettled(1) == Lines{"a:returned"});
}

}  // namespace
}  // namespace sampleproc::consumer
