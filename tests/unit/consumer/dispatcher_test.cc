#include "consumer/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using test::Bench;
using test::Lines;

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
  bench.hold_at_workers = {"a1"};
  bench.Start(3);
  bench.Give("a1", "a");
  bench.hands->AwaitBegun("a1");
  bench.Give("a2", "a");
  bench.Give("b1", "b");
  CHECK(bench.AwaitSettled(1) == Lines{"b1:done"});
  bench.hands->Let("a1");
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
  const Lines settled = bench.AwaitSettled(3);
  CHECK(std::set(settled.begin(), settled.end()) ==
        std::set<std::string>{"broken:dead:invalid-frame", "bad:dead:invalid-frame", "good:done"});
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

TEST_CASE("what fails by no fault of its own is tried again for as long as that lasts") {
  Bench bench;
  bench.options.max_retries = 2;
  bench.fail_at_workers["a"] = std::vector(10, ErrorCode::kOverloaded);
  bench.fail_at_workers["b"] = std::vector(10, ErrorCode::kUnavailable);
  bench.Start(1);
  bench.Give("a");
  bench.Give("b");
  bench.AwaitRetries(2);
  const Lines settled = bench.upstream.Settled();
  CHECK(std::set(settled.begin(), settled.end()) == std::set<std::string>{"a:done", "b:done"});
  CHECK(bench.tracker.totals().retries == 20);
}

TEST_CASE("what may be its own fault is tried again, max_retries times") {
  Bench bench;
  bench.options.max_retries = 2;
  bench.fail_at_workers["a"] = {ErrorCode::kInternal, ErrorCode::kDeadline};
  bench.fail_at_workers["b"] = std::vector(5, ErrorCode::kDeadline);
  bench.Start(1);
  bench.Give("a");
  bench.Give("b");
  bench.AwaitRetries(2);
  const Lines settled = bench.upstream.Settled();
  CHECK(std::set(settled.begin(), settled.end()) ==
        std::set<std::string>{"a:done", "b:dead:deadline"});
}

TEST_CASE("a deadline that passed while the machine was busy with others costs no life") {
  const bool starved = GENERATE(false, true);
  sampleproc::testing::FakeClock cpu;
  Bench bench;
  bench.options.max_retries = 0;
  bench.worker_cpu = &cpu;
  bench.hold_at_workers = {"a"};
  bench.fail_at_workers["a"] = {ErrorCode::kDeadline};
  bench.Start(1);
  bench.Give("a");
  bench.hands->AwaitBegun("a");
  bench.clock.Advance(std::chrono::seconds(10));
  cpu.Advance(std::chrono::seconds(starved ? 4 : 6));
  bench.hands->Let("a");
  bench.AwaitRetries(1);
  CHECK(bench.upstream.Settled() == Lines{starved ? "a:done" : "a:dead:deadline"});
}

TEST_CASE("one that is starved again and again does not hold its camera for ever") {
  sampleproc::testing::FakeClock cpu;
  Bench bench;
  bench.options.max_retries = 0;
  bench.worker_cpu = &cpu;
  bench.fail_at_workers["a"] = std::vector(100, ErrorCode::kDeadline);
  bench.Start(1);
  bench.hands->Hold("a");
  bench.Give("a");
  const auto told = [&bench](const char* event) {
    const Lines events = bench.hands->events();
    return std::ranges::count(events, event);
  };
  for (int visit = 1; visit <= 11; ++visit) {
    while (told("+a") < visit) {
      bench.clock.Advance(std::chrono::milliseconds(5));
      std::this_thread::yield();
    }
    bench.clock.Advance(std::chrono::seconds(10));
    bench.hands->Let("a");
    while (told("-a") < visit) std::this_thread::yield();
    bench.hands->Hold("a");
  }
  CHECK(bench.AwaitSettled(1) == Lines{"a:dead:deadline"});
  CHECK(bench.tracker.totals().retries == 10);
}

TEST_CASE("a frame that is tried again keeps its camera's later frames behind it") {
  Bench bench;
  bench.fail_at_workers["a1"] = {ErrorCode::kOverloaded};
  bench.Start(1);
  bench.Give("a1", "a");
  bench.hands->AwaitBegun("a1");
  bench.Give("a2", "a");
  bench.AwaitRetries(2);
  const Lines events = bench.hands->events();
  CHECK(std::ranges::count(events, "+a1") == 2);
  CHECK(bench.upstream.Settled() == Lines{"a1:done", "a2:done"});
}

TEST_CASE("with policy latest the newest frame of a camera is worked on, the rest is dropped") {
  Bench bench;
  bench.options.policy = Policy::kLatest;
  bench.hold_at_workers = {"x", "y"};
  bench.Start(1);
  bench.GiveWithPixels("x", "x");  // one with the worker and one before it
  bench.GiveWithPixels("y", "y");
  bench.hands->AwaitBegun("x");
  bench.GiveWithPixels("a1", "a");
  bench.GiveWithPixels("a2", "a");
  bench.GiveWithPixels("a3", "a");
  bench.hands->Let("x");
  bench.hands->Let("y");
  const Lines settled = bench.AwaitSettled(5);
  const std::multiset<std::string> all(settled.begin(), settled.end());
  CHECK(all == std::multiset<std::string>{"x:done", "y:done", "a1:dropped:newer_frame",
                                          "a2:dropped:newer_frame", "a3:done"});
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

TEST_CASE("a frame that waits for a worker is as old as it is, wherever it waits") {
  Bench bench;
  bench.hold_at_workers = {"a"};
  bench.Start(1);
  bench.GiveWithPixels("a", "a");
  bench.hands->AwaitBegun("a");
  CHECK(bench.dispatcher->OldestAge() == std::chrono::seconds(0));
  bench.GiveWithPixels("b", "b");  // the worker has it, and has not begun it
  bench.clock.Advance(std::chrono::seconds(11));
  CHECK(bench.dispatcher->OldestAge() == std::chrono::seconds(11));
  bench.hands->Let("a");
  bench.AwaitSettled(2);
  CHECK(bench.dispatcher->OldestAge() == std::chrono::seconds(0));
}

TEST_CASE("no more is pulled than the workers and one pull need") {
  Bench bench;
  bench.options.batch_size = 3;
  bench.process.batch_size = 2;
  bench.hold_at_workers = {"0"};
  bench.Start(1);
  const std::size_t room = bench.dispatcher->Room();
  CHECK(room == 1 + 2 + 3);
  for (std::size_t i = 0; i < room; ++i) bench.GiveWithPixels(std::to_string(i));
  CHECK(bench.dispatcher->Room() == 0);
  bench.hands->Let("0");
  CHECK(bench.dispatcher->AwaitRoom({}) > 0);
}

TEST_CASE("who waits for room is woken by what the source has parked, and by a stop") {
  Bench bench;
  bench.process.batch_size = 2;
  bench.options.batch_size = 1;
  bench.hold_at_workers = {"0"};
  bench.Start(1);
  std::size_t given = 0;
  while (bench.dispatcher->Room() > 0) bench.GiveWithPixels(std::to_string(given++));
  auto room = std::async(std::launch::async, [&] { return bench.dispatcher->AwaitRoom({}); });
  bench.upstream.Park(given);
  CHECK(room.get() > 0);
  bench.upstream.Park(0);
  const base::CancelFlag stop;
  auto none = std::async(std::launch::async, [&] { return bench.dispatcher->AwaitRoom(stop); });
  stop.Cancel();
  CHECK(none.get() == 0);
}

TEST_CASE("while there is no memory for what is held nothing is pulled") {
  Bench bench;
  bench.hold_at_workers = {"large"};
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
  CHECK(bench.dispatcher->Room() == 0);
  all->Release();
  bench.hands->Let("large");
  CHECK(bench.dispatcher->AwaitRoom({}) > 0);
}

TEST_CASE("what there is no memory for waits, and is not its host's failure") {
  Bench bench;
  bench.Start(1);
  auto most = bench.budget.TryReserve(bench.budget.capacity() - test::Pixels::kBytes + 1, "a test");
  REQUIRE(most);
  bench.Give("a");
  while (bench.pixels.asked("a") < 10) {
    bench.clock.Advance(std::chrono::milliseconds(50));
    std::this_thread::yield();
  }
  CHECK(bench.conditions.List().empty());
  most->Release();
  bench.AwaitRetries(1);
  CHECK(bench.upstream.Settled() == Lines{"a:done"});
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("a stop returns what waits where the source takes it back, and finishes it elsewhere") {
  for (const bool takes_back : {true, false}) {
    Bench bench;
    bench.upstream.takes_back = takes_back;
    bench.process.batch_size = 1;
    bench.hold_at_workers = {"in work"};
    bench.Start(1);
    bench.GiveWithPixels("in work");
    bench.hands->AwaitBegun("in work");
    bench.GiveWithPixels("handed on");
    bench.GiveWithPixels("waits");
    const base::Deadline at_once(bench.clock, std::chrono::nanoseconds(0));
    CHECK(bench.dispatcher->Drain(at_once) > 0);
    bench.hands->Let("in work");
    CHECK(bench.dispatcher->Drain({}) == 0);
    const Lines settled = bench.upstream.Settled();
    CHECK(settled.size() == 3);
    const auto totals = bench.ledger.totals();
    CHECK(totals.done + totals.returned == 3);
    CHECK(totals.returned == (takes_back ? 1 : 0));
    CHECK(std::ranges::find(settled, "in work:done") != settled.end());
    CHECK(bench.dispatcher->Room() == 0);
  }
}

TEST_CASE("a cancelled dispatcher returns what is in work") {
  Bench bench;
  bench.hold_at_workers = {"a"};
  bench.Start(1);
  bench.Give("a");
  bench.hands->AwaitBegun("a");
  bench.dispatcher->Cancel();
  bench.hands->Let("a");
  CHECK(bench.AwaitSettled(1) == Lines{"a:returned"});
}

}  // namespace
}  // namespace sampleproc::consumer
