#include "consumer/dropped_cameras.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::consumer {
namespace {

using std::chrono::seconds;

struct Bench {
  // So many frames, one a second.
  void Drop(const std::string& camera, int frames, DroppedFor why = DroppedFor::kAge,
            WaitedFor waited = WaitedFor::kPixels) {
    for (int i = 0; i < frames; ++i) {
      dropped.Dropped(camera, why, waited, now);
      now += seconds(1);
      dropped.Look(now);
    }
  }
  std::string Told() const {
    std::string all;
    for (const auto& each : conditions.List()) all += each.subject + ": " + each.reason + '\n';
    return all;
  }

  testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  telemetry::Conditions conditions{clock, log};
  DroppedCameras dropped{conditions};
  base::MonoTime now{seconds(100)};
};

TEST_CASE("a camera of which every frame is dropped is told, until one is looked at") {
  Bench bench;
  bench.Drop("gate", 10);
  CHECK(bench.Told().empty());
  bench.Drop("gate", 1);
  CHECK(bench.Told().starts_with("gate: every frame is older than its max_age before its pixels"));
  bench.Drop("gate", 1, DroppedFor::kNewer, WaitedFor::kWorker);
  CHECK(bench.Told().starts_with("gate: every frame is dropped for a newer one before a worker"));
  bench.Drop("gate", 1, DroppedFor::kAge, WaitedFor::kNothing);
  CHECK(bench.Told().find("clock") != std::string::npos);
  bench.dropped.Failed("gate", "invalid-frame", bench.now);
  bench.now += seconds(1);
  bench.dropped.Look(bench.now);
  CHECK(bench.Told().starts_with("gate: not one of its frames can be done (the last one: invalid"));
  bench.dropped.Kept("gate");
  CHECK(bench.Told().empty());
  CHECK(bench.dropped.empty());
}

TEST_CASE("a camera that has a result now and then is not told") {
  Bench bench;
  for (int i = 0; i < 10; ++i) {
    bench.Drop("gate", 9);
    bench.dropped.Kept("gate");
  }
  CHECK(bench.Told().empty());
}

TEST_CASE("a camera that sends nothing any more is not told for ever") {
  Bench bench;
  bench.Drop("gate", 11);
  bench.now += DroppedCameras::kForgotten - seconds(2);
  bench.dropped.Look(bench.now);
  CHECK_FALSE(bench.Told().empty());
  bench.now += seconds(1);
  bench.dropped.Look(bench.now);
  CHECK(bench.Told().empty());
  CHECK(bench.dropped.empty());
}

}  // namespace
}  // namespace sampleproc::consumer
