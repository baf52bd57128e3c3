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

}  // namespace
}  // namespace sampleproc::consumer
