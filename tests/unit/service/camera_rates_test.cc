// Which cameras are told of because too few of their pictures are looked at.
#include "service/camera_rates.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::service {
namespace {

using cameras::CameraGauges;

struct Bench {
  // Lets one slice pass in which so many pictures of the camera come and are looked at.
  void Pass(std::uint64_t came, std::uint64_t looked_at) {
    door.frames += came;
    door.looked_at += looked_at;
    Take();
  }
  void Take() {
    clock.Advance(CameraRates::kSlice);
    rates.Take(cameras ? std::vector<CameraGauges>{door} : std::vector<CameraGauges>{});
  }
  std::string Told() const {
    const auto told = conditions.List();
    if (told.empty()) return "";
    CHECK(told.size() == 1);
    CHECK(told[0].name == "camera_rate");
    CHECK(told[0].subject == "door");
    return told[0].reason;
  }

  testing::FakeClock clock;
  test::NullLogger log;
  telemetry::Conditions conditions{clock, log};
  CameraRates rates{clock, conditions};
  CameraGauges door{.id = "door"};
  bool cameras = true;
};

TEST_CASE("a camera of which half is left out for long is told of, until more is looked at") {
  Bench bench;
  bench.Pass(0, 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(bench.Told().empty());
    bench.Pass(50, 6);
  }
  CHECK(bench.Told().find("of the 150 pictures of the last 30 s that were due only 18 found") !=
        std::string::npos);
  // Just above half of them is no end, or it would begin and end again and again.
  for (int i = 0; i < 5; ++i) bench.Pass(50, 26);
  CHECK_FALSE(bench.Told().empty());
  for (int i = 0; i < 3; ++i) bench.Pass(50, 50);
  CHECK(bench.Told().empty());
}

TEST_CASE("what was not due, or could not be decoded, found a worker") {
  Bench bench;
  for (int i = 0; i < 6; ++i) {
    bench.door.dropped["fps"] += 250;
    bench.Pass(300, 50);
  }
  CHECK(bench.Told().empty());
  for (int i = 0; i < 6; ++i) {
    bench.door.dropped["failed"] += 50;
    bench.Pass(50, 0);
  }
  CHECK(bench.Told().empty());
}

TEST_CASE("a camera that sends nothing, or is gone, is not told of") {
  Bench bench;
  for (int i = 0; i < 5; ++i) bench.Pass(50, 0);
  CHECK_FALSE(bench.Told().empty());
  SECTION("it is silent") {
    for (int i = 0; i < 3; ++i) bench.Pass(0, 0);
  }
  SECTION("it is no longer configured") {
    bench.cameras = false;
    bench.Take();
  }
  SECTION("a reload counts anew") {
    bench.door = {.id = "door"};
    bench.Pass(1, 0);
  }
  CHECK(bench.Told().empty());
}

}  // namespace
}  // namespace sampleproc::service
