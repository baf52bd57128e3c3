#include "consumer/pixels/missing_pixels.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct PixelsBench {
  // So many seconds with so many frames in each.
  void Go(int seconds_long, int missing_a_second, int had_a_second) {
    for (int i = 0; i < seconds_long; ++i) {
      for (int each = 0; each < missing_a_second; ++each) missing.Missing(entry, places, now);
      for (int each = 0; each < had_a_second; ++each) missing.Had(now);
      now += seconds(1);
      missing.Look(now);
    }
  }
  std::string Told() const {
    std::string all;
    for (const auto& each : conditions.List()) {
      all += std::string(each.name) + each.subject + ": " + each.reason;
    }
    return all;
  }

  testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  telemetry::Conditions conditions{clock, log};
  MissingPixels missing{conditions};
  FrameEntry entry;
  std::vector<PixelPlace> places{{PixelPlace::Kind::kRedisKey, "frame:secret", "redis:6379"}};
  base::MonoTime now{seconds(100)};
};

TEST_CASE("that most frames have no pixels is told with where they were looked for") {
  PixelsBench bench;
  bench.Go(2, 1'000, 10);
  CHECK(bench.Told().empty());
  bench.Go(3, 1'000, 10);
  CHECK_THAT(bench.Told(), Catch::StartsWith("no_pixels: 5000 of 5050 frames of the last 10 s"));
  CHECK_THAT(bench.Told(), Catch::Contains("Redis has nothing under frame:<frame_id>"));
  CHECK_THAT(bench.Told(), Catch::Contains("redis:6379"));
  CHECK_THAT(bench.Told(), !Catch::Contains("secret"));
  CHECK(bench.missing.told());
}

TEST_CASE("the condition ends when frames have pixels again, and does not flap before") {
  PixelsBench bench;
  bench.Go(10, 10, 0);
  REQUIRE(bench.missing.told());
  bench.Go(30, 4, 6);  // fewer than half is not enough
  CHECK(bench.missing.told());
  bench.Go(10, 0, 10);
  CHECK(bench.Told().empty());
  CHECK(bench.missing.idle());
}

TEST_CASE("a quarter without pixels, or a few of them, or a moment of it is not told") {
  PixelsBench bench;
  bench.Go(60, 4, 5);
  CHECK(bench.Told().empty());
  bench.Go(20, 0, 5);
  CHECK(bench.missing.idle());
  bench.Go(2, 1'000, 0);  // and nothing after it
  bench.Go(30, 0, 0);
  CHECK(bench.Told().empty());
  CHECK(bench.missing.idle());
  bench.Go(1, 2, 0);
  bench.Go(30, 0, 0);
  CHECK(bench.Told().empty());
}

TEST_CASE("it is not told for ever when no more frames come") {
  PixelsBench bench;
  bench.Go(10, 10, 0);
  bench.Go(58, 0, 0);
  CHECK(bench.missing.told());
  bench.Go(3, 0, 0);
  CHECK(bench.Told().empty());
  CHECK(bench.missing.idle());
}

TEST_CASE("frames that come slowly are told as well") {
  PixelsBench bench;
  for (int i = 0; i < 10; ++i) {
    bench.Go(1, 1, 0);
    bench.Go(1, 0, 0);
  }
  CHECK(bench.missing.told());
}

}  // namespace
}  // namespace sampleproc::consumer
