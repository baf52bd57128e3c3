#include "process/camera_states.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "support/fake_clock.h"

namespace sampleproc::process {
namespace {

struct Tally : CameraStates::State {
  int frames = 0;
};

const std::function<std::unique_ptr<CameraStates::State>()> kMake = [] {
  return std::make_unique<Tally>();
};

constexpr std::size_t kBytes = 1000;
constexpr CameraStates::Wanted kWanted{.shape = 1, .bytes = kBytes, .make = kMake};

// How many frames the camera's state has seen, this one included; 0 when it has none.
int Count(CameraStates& cameras, std::string_view camera,
          const CameraStates::Wanted& wanted = kWanted) {
  auto lease = cameras.Use(camera, wanted);
  return lease ? ++static_cast<Tally&>(lease->state()).frames : 0;
}

struct Told {
  std::vector<std::pair<std::string, std::string>> refused;
  CameraStates::OnRefused Listen() {
    return [this](std::string_view camera, std::string_view reason) {
      refused.emplace_back(camera, reason);
    };
  }
};

TEST_CASE("each camera has its own state, kept from frame to frame and reserved") {
  resources::MemoryBudget budget(10 * kBytes);
  {
    CameraStates cameras(2, budget);
    CHECK(Count(cameras, "a") == 1);
    CHECK(Count(cameras, "a") == 2);
    CHECK(Count(cameras, "b") == 1);
    CHECK(Count(cameras, "a") == 3);
    CHECK(budget.used() == 2 * kBytes);
    CHECK(cameras.counts().cameras == 2);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("a camera beyond the bound is refused, told once, and evicts nobody") {
  resources::MemoryBudget budget(100 * kBytes);
  Told told;
  CameraStates cameras(2, budget, told.Listen());
  Count(cameras, "a");
  Count(cameras, "b");
  for (int i = 0; i < 5; ++i) {
    const auto refused = cameras.Use("c", kWanted);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == "max_cameras");
  }
  CHECK(Count(cameras, "a") == 2);
  CHECK(Count(cameras, "b") == 2);
  CHECK(told.refused == std::vector<std::pair<std::string, std::string>>{{"c", "max_cameras"}});
  CHECK(cameras.counts().cameras == 2);
  CHECK(cameras.counts().refused_cameras == 1);
  CHECK(cameras.counts().refused_frames == 5);
}

TEST_CASE("without room in the budget a camera is refused until there is some") {
  resources::MemoryBudget budget(2 * kBytes);
  Told told;
  CameraStates cameras(64, budget, told.Listen());
  Count(cameras, "a");
  auto taken = budget.TryReserve(kBytes, "the test");
  REQUIRE(taken);
  CHECK(cameras.Use("b", kWanted).error() == "no_memory");
  CHECK(Count(cameras, "b") == 0);
  CHECK(told.refused == std::vector<std::pair<std::string, std::string>>{{"b", "no_memory"}});
  CHECK(cameras.counts().cameras == 1);
  taken->Release();
  CHECK(Count(cameras, "b") == 1);
}

TEST_CASE("a state of another shape is made anew, with its own memory") {
  resources::MemoryBudget budget(10 * kBytes);
  CameraStates cameras(2, budget);
  Count(cameras, "a");
  Count(cameras, "a");
  CHECK(Count(cameras, "a", {.shape = 2, .bytes = 3 * kBytes, .make = kMake}) == 1);
  CHECK(budget.used() == 3 * kBytes);
  CHECK(Count(cameras, "a", {.shape = 3, .bytes = 11 * kBytes, .make = kMake}) == 0);
  CHECK(budget.used() == 0);
  CHECK(cameras.counts().cameras == 0);
}

TEST_CASE("a state that cannot be made leaves nothing behind") {
  resources::MemoryBudget budget(10 * kBytes);
  CameraStates cameras(1, budget);
  const std::function<std::unique_ptr<CameraStates::State>()> fail =
      []() -> std::unique_ptr<CameraStates::State> { throw std::bad_alloc(); };
  CHECK_THROWS_AS(cameras.Use("a", {.shape = 1, .bytes = kBytes, .make = fail}), std::bad_alloc);
  CHECK(budget.used() == 0);
  CHECK(Count(cameras, "b") == 1);
}

TEST_CASE("memory of refused cameras' names is bounded") {
  resources::MemoryBudget budget(kBytes);
  Told told;
  CameraStates cameras(0, budget, told.Listen());
  for (int i = 0; i < 3000; ++i) Count(cameras, std::to_string(i));
  CHECK(told.refused.size() == 1024);
  CHECK(cameras.counts().refused_cameras == 1024);
  CHECK(cameras.counts().refused_frames == 3000);
}

using std::chrono::seconds;

struct Timed {
  explicit Timed(CameraStates::Settings settings)
      : cameras(settings, budget, clock, told.Listen()) {}

  // A camera that is known: it has sent as many frames as that takes.
  void Know(std::string_view camera) {
    for (std::uint64_t i = 0; i < frame::kKnownAfter; ++i) REQUIRE(Count(cameras, camera));
  }

  testing::FakeClock clock;
  resources::MemoryBudget budget{1000 * kBytes};
  Told told;
  CameraStates cameras;
};

TEST_CASE("invented cameras give their places to who comes after two seconds") {
  Timed bench({.max_cameras = 64});
  for (int i = 0; i < 64; ++i) CHECK(Count(bench.cameras, "x" + std::to_string(i)) == 1);
  CHECK(Count(bench.cameras, "real") == 0);
  CHECK(bench.cameras.Crowded());
  bench.clock.Advance(seconds(3));
  CHECK(Count(bench.cameras, "real") == 1);
  CHECK(Count(bench.cameras, "real") == 2);
  CHECK(bench.cameras.counts().cameras == 64);
  CHECK(bench.budget.used() == 64 * kBytes);
  bench.clock.Advance(CameraStates::kCrowdedFor);
  CHECK_FALSE(bench.cameras.Crowded());
}

TEST_CASE("a flood of invented cameras takes no known camera's place") {
  Timed bench({.max_cameras = 3, .idle = seconds(60)});
  bench.Know("a");
  bench.Know("b");
  int invented = 0;
  for (int second = 0; second < 300; ++second) {
    if (second % 50 == 0) CHECK(Count(bench.cameras, "a") > 15);  // once in 50 s is enough
    for (int i = 0; i < 20; ++i) Count(bench.cameras, "x" + std::to_string(++invented));
    bench.clock.Advance(seconds(1));
  }
  // b was idle for longer than that, so its place has gone round since.
  CHECK(Count(bench.cameras, "a") > 15);
  CHECK(Count(bench.cameras, "b") <= 1);
}

TEST_CASE("a flood of invented cameras has few places, and who sends on has one at once") {
  Timed bench({.max_cameras = 64});
  const auto times_a_second = [](int tenths) { return tenths % 10 == 0; };
  int invented = 0;
  int served = 0;
  std::vector<int> fast;
  std::vector<int> slow;
  for (int tenths = 0; tenths < 100; ++tenths) {
    for (int i = 0; i < 500; ++i) served += Count(bench.cameras, "x" + std::to_string(++invented));
    fast.push_back(Count(bench.cameras, "fast"));
    if (times_a_second(tenths)) slow.push_back(Count(bench.cameras, "slow"));
    bench.clock.Advance(std::chrono::milliseconds(100));
  }
  CHECK(fast[2] > 0);
  CHECK(fast.back() >= 98);
  CHECK(slow[2] > 0);
  CHECK(slow.back() >= 8);
  CHECK(served >= 64);
  CHECK(served <= 64 + 2 * 10);
}

TEST_CASE("a camera whose steps all have a state does not come back by them") {
  Timed bench({.max_cameras = 1});
  CameraStates::Wanted other = kWanted;
  other.step = "other";
  CHECK(Count(bench.cameras, "x") == 1);
  CHECK(Count(bench.cameras, "real") == 0);
  CHECK(Count(bench.cameras, "real", other) == 0);
  CHECK(Count(bench.cameras, "real") == 1);
  CHECK(Count(bench.cameras, "real", other) == 1);
  CHECK(Count(bench.cameras, "x") == 0);
  CHECK(Count(bench.cameras, "x") == 0);  // it has come back as well, but takes nobody's place
}

TEST_CASE("configured cameras have their places, whoever comes before") {
  Timed bench({.max_cameras = 3, .reserved = {"door", "yard"}});
  CHECK(Count(bench.cameras, "x1") == 1);
  CHECK(Count(bench.cameras, "x2") == 0);
  CHECK(Count(bench.cameras, "door") == 1);
  CHECK(Count(bench.cameras, "yard") == 1);
  bench.clock.Advance(std::chrono::hours(10));
  CHECK(Count(bench.cameras, "x2") == 1);
  CHECK(Count(bench.cameras, "x3") == 0);
  CHECK(Count(bench.cameras, "door") == 2);
  CHECK(Count(bench.cameras, "yard") == 2);
}

TEST_CASE("a camera that is forgotten makes room at once") {
  Timed bench({.max_cameras = 1});
  bench.Know("a");
  CHECK(Count(bench.cameras, "b") == 0);
  bench.cameras.Forget("a");
  CHECK(Count(bench.cameras, "b") == 1);
}

TEST_CASE("workers share the states without losing a frame", "[threads]") {
  constexpr int kRounds = 2000;
  resources::MemoryBudget budget(10 * kBytes);
  CameraStates cameras(3, budget);
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        for (int round = 0; round < kRounds; ++round) {
          if (Count(cameras, std::to_string(round % 4)) == 0) ++refused;
        }
      });
    }
  }
  int seen = 0;
  for (const char* camera : {"0", "1", "2", "3"}) {
    const int count = Count(cameras, camera);
    if (count > 0) seen += count - 1;
  }
  CHECK(seen + refused == 4 * kRounds);
  CHECK(refused >= kRounds / 4);
}

TEST_CASE("each step has a state of its own, and what ends a camera is told by all of them") {
  struct Telling : CameraStates::State {
    std::vector<frame::Event> Finish(std::string_view /*reason*/) override {
      frame::Event event;
      event.event_id = "last";
      return {event};
    }
  };
  const std::function<std::unique_ptr<CameraStates::State>()> make = [] {
    return std::make_unique<Telling>();
  };
  const CameraStates::Wanted track{
      .shape = 7, .bytes = kBytes, .make = make, .step = "track", .tells = true};
  resources::MemoryBudget budget(3 * kBytes);
  CameraStates cameras(1, budget);
  CHECK(Count(cameras, "a") == 1);
  CHECK(cameras.Use("a", track).has_value());
  CHECK(Count(cameras, "a") == 2);  // another step's state of another shape changes nothing
  CHECK(budget.used() == 2 * kBytes);
  CHECK(cameras.counts().cameras == 1);
  // A step without memory costs the other its state as little.
  const CameraStates::Wanted large{
      .shape = 8, .bytes = 5 * kBytes, .make = make, .step = "another"};
  CHECK(cameras.Use("a", large).error() == "no_memory");
  CHECK(Count(cameras, "a") == 3);
  const auto told = cameras.ForgetAll();
  REQUIRE(told.size() == 1);
  CHECK(told[0].event_id == "last");
  CHECK(budget.used() == 0);
  CHECK(cameras.counts().cameras == 0);
}

TEST_CASE("what a state had still to tell is told when it goes, whatever it goes for") {
  struct Telling : CameraStates::State {
    explicit Telling(std::string given) : name(std::move(given)) {}
    std::vector<frame::Event> Finish(std::string_view reason) override {
      frame::Event event;
      event.event_id = name;
      event.reason = reason;
      return {event};
    }
    const std::string name;
  };
  testing::FakeClock clock;
  resources::MemoryBudget budget(10 * kBytes);
  std::vector<std::string> told;
  CameraStates cameras({.max_cameras = 1,
                        .idle = std::chrono::seconds(60),
                        .on_left =
                            [&](const std::vector<frame::Event>& events) {
                              for (const auto& event : events) {
                                CHECK(event.reason == frame::Event::kSourceEnd);
                                told.push_back(event.event_id);
                              }
                            }},
                       budget, clock);
  const auto use = [&](const std::string& camera, std::uint64_t shape) {
    const std::function<std::unique_ptr<CameraStates::State>()> make = [&] {
      return std::make_unique<Telling>(camera);
    };
    auto lease = cameras.Use(
        camera, {.shape = shape, .bytes = kBytes, .make = make, .step = "track", .tells = true});
    return lease ? lease->TakeLeft().size() : 0U;
  };
  CHECK(use("a", 1) == 0);
  CHECK(use("a", 2) == 1);  // of the picture before, for the one who follows it
  CHECK(told.empty());

  clock.Advance(frame::kNewIdle);
  CHECK(use("b", 1) == 0);  // has its place now
  CHECK(told == std::vector<std::string>{"a"});

  cameras.TellIdle();
  CHECK(told.size() == 1);
  clock.Advance(std::chrono::seconds(60));
  cameras.TellIdle();
  CHECK(told == std::vector<std::string>{"a", "b"});
  CHECK(cameras.counts().cameras == 0);
  CHECK(budget.used() == 0);
  CHECK(cameras.ForgetAll().empty());
}

// Tells its name as it goes.
struct Named : CameraStates::State {
  explicit Named(std::string the_name) : name(std::move(the_name)) {}
  std::vector<frame::Event> Finish(std::string_view /*reason*/) override {
    frame::Event event;
    event.event_id = name;
    return {event};
  }
  const std::string name;
};

TEST_CASE("configured cameras have places of their own, however many others come") {
  testing::FakeClock clock;
  resources::MemoryBudget budget(100 * kBytes);
  std::unordered_set<std::string> configured = {"door", "yard"};
  std::vector<std::string> told;
  CameraStates cameras({.max_cameras = 2,
                        .is_configured = [&](const auto& id) { return configured.contains(id); },
                        .idle = std::chrono::seconds(60),
                        .on_left =
                            [&](const std::vector<frame::Event>& events) {
                              for (const auto& event : events) told.push_back(event.event_id);
                            }},
                       budget, clock);
  int made = 0;
  const auto use = [&](const std::string& camera) {
    const std::function<std::unique_ptr<CameraStates::State>()> make = [&] {
      ++made;
      return std::make_unique<Named>(camera);
    };
    return cameras
        .Use(camera, {.shape = 1, .bytes = kBytes, .make = make, .step = "track", .tells = true})
        .has_value();
  };
  CHECK(use("door"));
  for (int i = 0; i < 1000; ++i) {
    use("stranger-" + std::to_string(i));
    clock.Advance(std::chrono::milliseconds(10));
  }
  CHECK(use("yard"));  // it comes late
  made = 0;
  CHECK(use("door"));
  CHECK(use("yard"));
  CHECK(made == 0);
  CHECK(std::ranges::count(told, "door") == 0);

  configured = {"yard"};
  cameras.Reconfigured();
  CHECK(std::ranges::count(told, "door") == 1);
  CHECK(use("yard"));
  CHECK(made == 0);
}

}  // namespace
}  // namespace sampleproc::process
