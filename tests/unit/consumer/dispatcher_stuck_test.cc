#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <thread>

#include "consumer/dispatcher.h"
#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using test::Bench;
using test::Lines;

TEST_CASE("a suspect is worked alone") {
  Bench bench;
  bench.hold_at_workers = {"before", "suspect"};
  bench.Start();
  bench.GiveWithPixels("before");
  bench.hands->AwaitBegun("before");
  bench.GiveWithPixels("suspect", {}, 2);
  bench.GiveWithPixels("after");
  // A worker is idle, and yet nothing begins beside the one that is in work.
  bench.hands->Let("before");
  bench.hands->AwaitBegun("suspect");
  bench.hands->Let("suspect");
  bench.AwaitSettled(3);
  CHECK(bench.hands->events() ==
        Lines{"+before", "-before", "+suspect", "-suspect", "+after", "-after"});
}

TEST_CASE("a suspect that hangs stops the rest for a second at most") {
  Bench bench;
  bench.hold_at_workers = {"hangs"};
  bench.Start();
  bench.GiveWithPixels("hangs", {}, 2);
  bench.hands->AwaitBegun("hangs");
  bench.GiveWithPixels("after");
  bench.GiveWithPixels("next suspect", {}, 2);
  bench.clock.Advance(std::chrono::seconds(1));
  CHECK(bench.AwaitSettled(2) == Lines{"after:done", "next suspect:done"});
  bench.hands->Let("hangs");
  bench.AwaitSettled(3);
}

TEST_CASE("a frame whose worker does not come back is dead, and what comes late is thrown away") {
  Bench bench;
  bench.hold_at_workers = {"hangs"};
  bench.Start();
  bench.GiveWithPixels("hangs", "a");
  bench.hands->AwaitBegun("hangs");
  bench.GiveWithPixels("after", "a");
  // Else its worker could be at it for too long as well, by the clock.
  bench.hands->AwaitBegun("after");
  while (bench.hands->idle() < 1) std::this_thread::yield();
  const std::chrono::seconds limit(30);
  bench.clock.Advance(limit - std::chrono::seconds(1));
  bench.dispatcher->GiveUpStuck(limit);
  CHECK(bench.upstream.Settled().empty());
  bench.clock.Advance(std::chrono::seconds(1));
  bench.dispatcher->GiveUpStuck(limit);
  CHECK(bench.AwaitSettled(2) == Lines{"hangs:dead:stuck", "after:done"});
  REQUIRE(bench.dispatcher->Drain({}) == 0);
  bench.dispatcher->GiveUpStuck(limit);

  bench.hands->Let("hangs");
  while (bench.hands->idle() < 2) std::this_thread::yield();
  CHECK(bench.upstream.Settled().size() == 2);
  CHECK(bench.sink->records().size() == 1);
  CHECK(bench.ledger.totals().dead == 1);
  CHECK(bench.ledger.totals().held() == 0);
}

TEST_CASE("with no worker left what waits for one is returned, and a stop does not wait") {
  Bench bench;
  bench.process.batch_size = 1;
  bench.hold_at_workers = {"hangs"};
  bench.Start(1);
  bench.GiveWithPixels("hangs");
  bench.hands->AwaitBegun("hangs");
  for (const char* id : {"handed on", "waits", "waits too"}) bench.GiveWithPixels(id);
  const std::chrono::seconds limit(30);
  bench.clock.Advance(limit);
  bench.hands->stuck = 1;
  bench.dispatcher->GiveUpStuck(limit);
  CHECK(bench.dispatcher->Room() == 0);
  CHECK(bench.dispatcher->Drain({}) == 0);
  const Lines settled = bench.upstream.Settled();
  CHECK(std::multiset(settled.begin(), settled.end()) ==
        std::multiset<std::string>{"hangs:dead:stuck", "handed on:returned", "waits:returned",
                                   "waits too:returned"});
  bench.hands->Let("hangs");
}

}  // namespace
}  // namespace sampleproc::consumer
