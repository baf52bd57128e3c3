// Whose fault it is that pixels do not come: the frame's, its camera's or the host's.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "consumer/dispatcher.h"
#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using test::Bench;

TEST_CASE("a frame that its host never hands out, while it does so with its camera's, is dead") {
  for (const std::optional<std::string>& camera : {std::optional<std::string>("a"), {}}) {
    Bench bench;
    bench.options.max_retries = 2;
    bench.pixels.FailOn("bad", std::vector(100'000, ErrorCode::kUnavailable));
    bench.Start();
    bench.Give("bad", camera);
    int given = 0;
    // In their order with a camera, so those behind it wait. Others come while it fails: those that
    // were handed out before its first failure say nothing of it.
    while (bench.ledger.totals().dead == 0) {
      const std::size_t asked = bench.pixels.asked("bad");
      bench.Give("good" + std::to_string(++given), camera);
      while (bench.ledger.totals().dead == 0 && bench.pixels.asked("bad") == asked) {
        bench.clock.Advance(std::chrono::milliseconds(camera ? 5 : 50));
        std::this_thread::yield();
      }
    }
    bench.AwaitRetries(static_cast<std::size_t>(given) + 1);
    CHECK(std::ranges::count(bench.upstream.Settled(), "bad:dead:unavailable") == 1);
    CHECK(bench.ledger.totals().done == static_cast<std::uint64_t>(given));
  }
}

TEST_CASE("the way to one camera that is down costs no frame, nor others of its host anything") {
  Bench bench;
  bench.Start();
  bench.Give("first", "b");
  bench.AwaitSettled(1);
  // More than are fetched ahead.
  constexpr int kAway = 6;
  for (int i = 0; i < kAway; ++i) {
    const std::string id = "away" + std::to_string(i);
    bench.pixels.FailOn(id, std::vector(100'000, ErrorCode::kUnavailable));
    bench.Give(id, "a");
  }
  std::uint64_t good = 1;
  const auto others_go_on = [&] {
    bench.Give("good" + std::to_string(++good), "b");
    while (bench.ledger.totals().done < good) {
      bench.clock.Advance(std::chrono::milliseconds(5));
      std::this_thread::yield();
    }
  };
  const auto told = [&] {
    const auto list = bench.conditions.List();
    return list.size() == 1 && list[0].subject == "here (camera a)";
  };
  while (!told()) {
    others_go_on();
    bench.clock.Advance(std::chrono::milliseconds(200));
  }
  // For a quarter of an hour: it lasts, by itself.
  for (int i = 0; i < 500; ++i) {
    others_go_on();
    bench.clock.Advance(std::chrono::milliseconds(2'000));
    const auto list = bench.conditions.List();
    REQUIRE(list.size() == 1);
    REQUIRE(list[0].subject == "here (camera a)");
  }
  CHECK(bench.ledger.totals().dead == 0);
  for (int i = 0; i < kAway; ++i) bench.pixels.FailOn("away" + std::to_string(i), {});
  bench.AwaitRetries(good + kAway);
  CHECK(bench.ledger.totals().done == good + kAway);
  while (!bench.conditions.List().empty()) bench.clock.Advance(std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace sampleproc::consumer
