#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "consumer/dispatcher.h"
#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using test::Bench;
using test::Lines;

std::multiset<std::string> Sorted(const Lines& lines) { return {lines.begin(), lines.end()}; }

TEST_CASE("a fetch that hangs takes no worker, and holds up its own camera alone") {
  Bench bench;
  bench.pixels.Hold("slow");
  bench.Start(1);
  bench.GiveAt("slow", "a1", "a");
  bench.pixels.AwaitAsked("a1");
  bench.GiveWithPixels("a2", "a");
  for (int i = 0; i < 10; ++i) bench.GiveWithPixels("b" + std::to_string(i), "b");
  bench.AwaitSettled(10);
  for (const std::string& line : bench.upstream.Settled()) CHECK(line.front() == 'b');
  bench.pixels.Let("slow");
  const Lines settled = bench.AwaitSettled(12);
  CHECK(settled[10] == "a1:done");
  CHECK(settled[11] == "a2:done");
}

TEST_CASE("a fetch ends with its time, its host is told, and the frame waits for it") {
  Bench bench;
  bench.options.fetch_timeout = std::chrono::seconds(3);
  bench.pixels.Hold("hangs");
  bench.Start();
  bench.GiveAt("hangs", "a");
  bench.pixels.AwaitAsked("a");
  bench.clock.Advance(std::chrono::seconds(3));
  while (bench.conditions.List().empty()) std::this_thread::yield();
  const telemetry::Condition told = bench.conditions.List().front();
  CHECK(told.name == telemetry::condition::kPixelHost);
  CHECK(told.subject == "hangs");
  CHECK(told.reason.find("next try in ") != std::string::npos);
  CHECK(bench.upstream.Settled().empty());
  bench.pixels.Let("hangs");
  bench.AwaitRetries(1);
  CHECK(bench.upstream.Settled() == Lines{"a:done"});
  CHECK(bench.conditions.List().empty());
}

TEST_CASE("a host is asked at the time that is told, for the only frame too") {
  Bench bench;
  bench.pixels.Down("away");
  bench.Start();
  const bool alone = GENERATE(true, false);
  bench.GiveAt("away", "a", "a");
  const auto asked = [&bench] { return bench.pixels.asked("a") + bench.pixels.asked("b"); };
  std::size_t before = 0;
  for (const int pause : {250, 500, 1'000, 2'000, 4'000, 8'000, 16'000, 30'000}) {
    const std::string told = "next try in " + std::to_string((pause + 50) / 1'000) + '.' +
                             std::to_string((pause + 50) / 100 % 10) + " s";
    const auto is_told = [&] {
      const auto all = bench.conditions.List();
      return all.size() == 1 && all.front().reason.ends_with(told);
    };
    while (asked() == before || !is_told()) std::this_thread::yield();
    (void)bench.dispatcher->held();  // it is told under the lock, and the frame waits after that
    if (++before == 1 && !alone) bench.GiveAt("away", "b", "b");
    bench.clock.Advance(std::chrono::milliseconds(pause - 1));
    CHECK(asked() == before);
    bench.clock.Advance(std::chrono::milliseconds(1));
  }
  CHECK(bench.upstream.Settled().empty());
}

TEST_CASE("the frames of a host that is away wait, and are all done when it is back") {
  Bench bench;
  bench.options.max_retries = 1;
  bench.pixels.Down("away");
  bench.Start();
  for (int i = 0; i < 40; ++i) bench.GiveAt("away", "f" + std::to_string(i), "a");
  for (int i = 0; i < 2'000; ++i) {
    bench.clock.Advance(std::chrono::milliseconds(100));
    std::this_thread::yield();
  }
  CHECK(bench.upstream.Settled().empty());
  // A dispatcher that the machine kept from running while the time flew may have taken its frames
  // for gone; then it asks again and tells it again.
  while (bench.conditions.List().size() != 1) {
    bench.clock.Advance(std::chrono::milliseconds(5));
    std::this_thread::yield();
  }
  CHECK(bench.dispatcher->Room() > 0);
  bench.pixels.Up("away");
  bench.AwaitRetries(40);
  CHECK(bench.ledger.totals().done == 40);
  CHECK(bench.conditions.List().empty());
}

TEST_CASE("keys that Redis does not permit cost the frames of other keys nothing") {
  Bench bench;
  bench.Start();
  bench.GiveAt("redis", "first", "good");
  bench.AwaitSettled(1);
  constexpr int kBad = 5;
  for (int i = 0; i < kBad; ++i) {
    const std::string id = "bad" + std::to_string(i);
    bench.pixels.FailOn(id, std::vector(10'000, ErrorCode::kUnauthorized));
    bench.GiveAt("redis", id, "bad" + std::to_string(i));
  }
  for (int i = 0; i < kBad; ++i) bench.pixels.AwaitAsked("bad" + std::to_string(i));
  bench.GiveAt("redis", "second", "good");
  while (bench.ledger.totals().done < 2) std::this_thread::yield();  // no pause is waited for
  std::uint64_t good = 2;
  while (bench.ledger.totals().dead < kBad) {
    if (bench.ledger.totals().done == good) {
      bench.GiveAt("redis", "good" + std::to_string(++good), "good");
    }
    for (const auto& each : bench.conditions.List()) {
      CHECK(each.subject == "redis (keys that its ACL does not permit)");
    }
    bench.clock.Advance(std::chrono::milliseconds(5));
    std::this_thread::yield();
  }
  bench.AwaitSettled(good + kBad);
  CHECK(Sorted(bench.upstream.Settled()).contains("bad0:dead:unauthorized"));
}

TEST_CASE("while Redis permits no key at all its frames wait") {
  Bench bench;
  bench.pixels.Down("redis", ErrorCode::kUnauthorized);
  bench.pixels.Down("redis (keys that its ACL does not permit)", ErrorCode::kUnauthorized);
  bench.Start();
  for (int i = 0; i < 5; ++i) bench.GiveAt("redis", std::to_string(i), std::to_string(i));
  while (bench.conditions.List().empty()) {
    bench.clock.Advance(std::chrono::milliseconds(5));
    std::this_thread::yield();
  }
  for (int i = 0; i < 2'000; ++i) {
    bench.clock.Advance(std::chrono::milliseconds(100));
    std::this_thread::yield();
  }
  CHECK(bench.upstream.Settled().empty());
  bench.pixels.Up("redis");
  bench.pixels.Up("redis (keys that its ACL does not permit)");
  bench.AwaitRetries(5);
  CHECK(bench.ledger.totals().done == 5);
}

TEST_CASE("when the frames of one host are too many they go, the others come through") {
  for (const bool comes_again : {true, false}) {
    Bench bench;
    bench.upstream.takes_back = false;
    bench.upstream.hands_out_again = comes_again;
    bench.options.max_waiting = 40;
    bench.pixels.Down("away");
    bench.Start();
    bench.GiveAt("away", "first", "a");
    while (bench.conditions.List().empty()) std::this_thread::yield();
    for (int i = 0; i < 39; ++i) bench.GiveAt("away", "f" + std::to_string(i), "a");
    CHECK(bench.ledger.totals().returned == (comes_again ? 20 : 0));
    // Their source cannot keep them for later, and the others must not wait.
    CHECK(bench.ledger.totals().dropped == (comes_again ? 0 : 20));
    CHECK(bench.dispatcher->Room() > 0);
    bench.GiveWithPixels("b", "b");
    while (bench.ledger.totals().done == 0) std::this_thread::yield();
  }
}

TEST_CASE("a host that hangs keeps others waiting for a moment, not until it has failed") {
  for (const bool comes_again : {true, false}) {
    Bench bench;
    bench.upstream.takes_back = false;
    bench.upstream.hands_out_again = comes_again;
    bench.options.max_waiting = 40;
    bench.pixels.Hold("hangs");
    bench.Start();
    for (int i = 0; i < 60; ++i) {
      const std::string number = std::to_string(i);
      bench.GiveAt("hangs", "f" + number, "cam" + std::to_string(i % 4));
    }
    for (int i = 0; i < 4; ++i) bench.pixels.AwaitAsked("f" + std::to_string(i));
    CHECK(bench.dispatcher->Room() == 0);
    bench.clock.Advance(PixelHosts::kSilent - std::chrono::milliseconds(1));
    bench.dispatcher->Tick();
    CHECK(bench.upstream.Settled().empty());
    bench.clock.Advance(std::chrono::milliseconds(501));  // by its own look
    if (comes_again) {
      const Lines gone = bench.AwaitSettled(40);
      CHECK(gone.size() == 40);
      for (int i = 20; i < 60; ++i) {
        CHECK(std::ranges::count(gone, "f" + std::to_string(i) + ":returned:pixel_host") == 1);
      }
      CHECK(bench.dispatcher->Room() > 0);
      CHECK(bench.conditions.List().empty());
    } else {
      bench.dispatcher->Tick();
      CHECK(bench.upstream.Settled().empty());  // they would be lost, and it has not failed
    }
    bench.pixels.Let("hangs");
    bench.AwaitRetries(60);
    CHECK(bench.ledger.totals().done == (comes_again ? 20 : 60));
  }
}

TEST_CASE("a picture that hangs at a host that is well keeps no room from others either") {
  Bench bench;
  bench.options.max_waiting = 40;
  bench.pixels.Hold("first");
  bench.Start();
  bench.GiveAt("well", "first", "a");
  bench.pixels.AwaitAsked("first");
  // Behind it, and none of them asked for ahead: how long an answer takes is of "b" alone.
  for (int i = 0; i < 59; ++i) bench.Give("f" + std::to_string(i), "a");
  bench.clock.Advance(PixelHosts::kSilent - std::chrono::milliseconds(1));
  bench.GiveAt("well", "b", "b");
  while (bench.ledger.totals().done == 0) std::this_thread::yield();
  CHECK(bench.ledger.totals().returned == 0);
  CHECK(bench.dispatcher->Room() == 0);
  bench.clock.Advance(std::chrono::milliseconds(501));
  while (bench.ledger.totals().returned < 40) std::this_thread::yield();
  CHECK(bench.dispatcher->Room() > 0);
  bench.pixels.Let("first");
  bench.AwaitRetries(61);
  CHECK(bench.ledger.totals().done == 21);
}

TEST_CASE("the frames of a host that answers wait here, however many there are") {
  Bench bench;
  bench.options.max_waiting = 40;
  bench.hold_at_workers = {"f0"};
  bench.Start(1);
  for (int i = 0; i < 60; ++i) bench.GiveAt("well", "f" + std::to_string(i), "a");
  bench.hands->AwaitBegun("f0");
  for (int i = 0; i < 10; ++i) {
    bench.clock.Advance(PixelHosts::kSilent);
    bench.dispatcher->Tick();
  }
  CHECK(bench.upstream.Settled().empty());
  bench.hands->Let("f0");
  CHECK(bench.AwaitSettled(60).front() == "f0:done");
  CHECK(bench.ledger.totals().done == 60);
}

TEST_CASE("a host that is asked last, and for too many frames, stops no others either") {
  Bench bench;
  bench.options.max_waiting = 40;
  bench.pixels.Down("away");
  bench.Start();
  for (int i = 0; i < 200; ++i) {
    const std::string id = "f" + std::to_string(i);
    bench.pixels.FailOn(id, {ErrorCode::kNotFound});  // at the first place
    bench.GiveAt("here|away", id, "a");
  }
  while (bench.ledger.totals().returned < 180) {
    bench.clock.Advance(std::chrono::milliseconds(5));
    std::this_thread::yield();
  }
  CHECK(bench.dispatcher->AwaitRoom({}) > 0);
}

TEST_CASE("a suspect does not wait for a host that is away: it goes back") {
  for (const bool takes_back : {true, false}) {
    Bench bench;
    bench.upstream.takes_back = takes_back;
    bench.pixels.Down("away");
    bench.Start();
    bench.GiveAt("away", "asks", "a", 2);
    while (bench.conditions.List().empty()) std::this_thread::yield();
    if (takes_back) bench.AwaitSettled(1);  // the condition is there before that
    bench.GiveAt("away", "comes later", "a", 2);
    if (takes_back) {
      CHECK(bench.AwaitSettled(2) ==
            Lines{"asks:returned:pixel_host", "comes later:returned:pixel_host"});
    } else {
      CHECK(bench.upstream.Settled().empty());
    }
  }
}

TEST_CASE("pixels that nobody has are looked for in each place, then the frame ends") {
  Bench bench;
  bench.pixels.FailOn("a", {ErrorCode::kNotFound});
  bench.Start();
  bench.Give("a");
  CHECK(bench.AwaitSettled(1) == Lines{"a:dropped:no_pixels"});
  CHECK(bench.conditions.List().empty());
}

TEST_CASE("a stop ends fetches where the source takes their frames back") {
  Bench bench;
  bench.pixels.Hold("hangs");
  bench.Start();
  bench.GiveAt("hangs", "a");
  bench.pixels.AwaitAsked("a");
  CHECK(bench.dispatcher->Drain({}) == 0);
  CHECK(bench.upstream.Settled() == Lines{"a:returned"});
}

TEST_CASE("what a stop cuts off is dropped where nobody hands it out again") {
  Bench bench;
  bench.upstream.takes_back = false;
  bench.pixels.Hold("hangs");
  bench.Start();
  bench.GiveAt("hangs", "a");
  bench.pixels.AwaitAsked("a");
  CHECK(bench.dispatcher->Drain({bench.clock, std::chrono::milliseconds(0)}) == 1);
  bench.dispatcher->Cancel();
  CHECK(bench.dispatcher->Drain({}) == 0);
  CHECK(bench.upstream.Settled() == Lines{"a:dropped:stopped"});
}

TEST_CASE("what is fetched ahead gives its memory to the frame that is next") {
  Bench bench;
  bench.pixels.Hold("a1");
  bench.Start(1);
  // For two frames' pixels.
  auto most = bench.budget.TryReserve(bench.budget.capacity() - 2 * test::Pixels::kBytes, "a test");
  REQUIRE(most);
  for (const char* id : {"a1", "a2", "a3"}) bench.Give(id, "a");
  while (bench.budget.used() < bench.budget.capacity()) std::this_thread::yield();
  bench.pixels.Let("a1");
  bench.AwaitRetries(3);
  CHECK(bench.upstream.Settled() == Lines{"a1:done", "a2:done", "a3:done"});
}

std::string Names(Bench& bench) {
  std::string names;
  for (const auto& each : bench.conditions.List()) {
    names += std::string(each.name) + ' ' + each.subject + '\n';
  }
  return names;
}

// By timestamp, as of now.
void GiveNow(Bench& bench, const std::string& host, const std::string& id,
             const std::string& camera) {
  const auto now = std::chrono::duration<double>(bench.clock.Wall().time_since_epoch()).count();
  Delivery delivery = Bench::Made(id, camera, 1, std::to_string(now));
  delivery.entry.frame_url = host;
  bench.Give(std::move(delivery));
}

TEST_CASE("with latest a camera has results though fetches take longer than frames come in") {
  Bench bench;
  bench.options.policy = Policy::kLatest;
  bench.Start();
  std::size_t next = 0;
  for (std::size_t done = 0; done < 5; ++done) {
    // Of the frames that come while one is fetched the newest is fetched next.
    const std::string fetched = "f" + std::to_string(next);
    bench.pixels.Hold(fetched);
    if (done == 0) bench.GiveAt("slow", fetched, "a");
    bench.pixels.AwaitAsked(fetched);
    for (int i = 0; i < 4; ++i) {
      const std::string id = "f" + std::to_string(++next);
      bench.pixels.Hold(id);
      bench.GiveAt("slow", id, "a");
    }
    bench.pixels.Let(fetched);
    while (bench.ledger.totals().done <= done) std::this_thread::yield();
    CHECK(std::ranges::count(bench.upstream.Settled(), fetched + ":done") == 1);
  }
  bench.pixels.Let("f" + std::to_string(next));
  bench.AwaitSettled(next + 1);
  CHECK(bench.ledger.totals().done == 6);
  CHECK(bench.ledger.totals().dropped == 15);
}

TEST_CASE("a host that hangs is told and paused though its frames grow too old first") {
  Bench bench;
  bench.options.max_age = std::chrono::milliseconds(1'500);
  bench.pixels.Hold("hangs");
  bench.Start();
  int number = 0;
  const auto live = [&] {
    GiveNow(bench, "hangs", "f" + std::to_string(number++), "a");
    bench.clock.Advance(std::chrono::milliseconds(100));
    std::this_thread::yield();
  };
  while (Names(bench).find("pixel_host hangs") == std::string::npos) live();
  while (Names(bench).find("frames_dropped a") == std::string::npos) live();
  bench.pixels.Let("hangs");
  // The condition ends when a frame was looked at, which is before that frame is settled.
  while (!Names(bench).empty() || bench.ledger.totals().done == 0) {
    live();
    for (int i = 0; i < 200; ++i) std::this_thread::yield();  // it has that long for an answer
  }
}

}  // namespace
}  // namespace sampleproc::consumer
