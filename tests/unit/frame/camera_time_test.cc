#include "frame/camera_time.h"

#include <catch2/catch.hpp>
#include <optional>

#include "frame/camera.h"

namespace sampleproc::frame {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = CameraTime::Time;

constexpr Time kNow = hours(500'000);
constexpr Time kStep = milliseconds(200);

TEST_CASE("frames that say when they were taken have that time, whenever they come") {
  CameraTime time;
  for (int i = 0; i < 10; ++i) {
    const Time said = kNow - hours(24) + kStep * i;  // as of a backlog
    CHECK(time.Take(said, kNow + milliseconds(3 * i)) == said);
  }
}

TEST_CASE("frames that never say it were taken when they came") {
  CameraTime time;
  for (const Time later : {Time(0), kStep, Time(hours(3))}) {
    CHECK(time.Take(std::nullopt, kNow + later) == kNow + later);
  }
}

TEST_CASE("a frame between others that says nothing has its time among theirs") {
  CameraTime time;
  // The camera's clock is an hour behind.
  for (int i = 0; i < 10; ++i) {
    const Time came = kNow + kStep * i;
    const std::optional<Time> said =
        i % 2 == 0 ? std::optional<Time>(came - hours(1)) : std::nullopt;
    CHECK(time.Take(said, came) == came - hours(1));
  }
}

TEST_CASE("time does not go back behind a frame that said nothing and came late") {
  CameraTime time;
  time.Take(kNow, kNow);
  CHECK(time.Take(std::nullopt, kNow + seconds(5)) == kNow + seconds(5));
  CHECK(time.Take(kNow + kStep * 2, kNow + seconds(5)) == kNow + seconds(5));
  CHECK(time.Take(kNow + seconds(6), kNow + seconds(6)) == kNow + seconds(6));
}

TEST_CASE("a clock that is more than a minute ahead of ours is not believed") {
  CameraTime time;
  CHECK(time.Take(kNow + CameraTime::kMostAhead, kNow) == kNow + CameraTime::kMostAhead);
  for (int i = 1; i < 5; ++i) {
    const Time came = kNow + kStep * i;
    CHECK(time.Take(came + hours(2), came) == came + CameraTime::kMostAhead);
  }
  CameraTime ahead;
  CHECK(ahead.Take(kNow + hours(2), kNow) == kNow);
  CHECK(ahead.Take(kNow + hours(2) + kStep, kNow + kStep) == kNow + kStep);
}

TEST_CASE("one frame whose time leaps is as one that says nothing, and two are believed") {
  const bool is_live = GENERATE(true, false);
  const Time leap = GENERATE(Time(hours(2)), Time(-hours(2)), -kNow);
  CAPTURE(is_live, leap.count());
  CameraTime time;
  Time at = kNow - hours(24);
  Time came = kNow;
  const auto take = [&](Time said) {
    came += kStep;
    return time.Take(said, is_live ? std::optional(came) : std::nullopt);
  };
  for (int i = 0; i < 5; ++i) take(at += kStep);
  CHECK(take(std::max<Time>(at + leap, Time(0))) == at + kStep);
  at += kStep;
  for (int i = 0; i < 5; ++i) {
    at += kStep;
    CHECK(take(at) == at);
  }
  if (leap == -kNow) return;
  take(at + leap);
  CHECK(take(at + leap + kStep) == at + leap + kStep);
  CHECK(take(at + leap + kStep * 2) == at + leap + kStep * 2);
}

TEST_CASE("a pause is no leap where it is known that nothing came") {
  CameraTime time;
  time.Take(kNow, kNow);
  CHECK(time.Take(kNow + hours(5), kNow + hours(5)) == kNow + hours(5));
}

TEST_CASE("a camera whose frames are hours apart has their times from the third one on") {
  CameraTime time;
  time.Take(kNow, std::nullopt);
  time.Take(kNow + hours(1), std::nullopt);
  for (int i = 2; i < 6; ++i) CHECK(time.Take(kNow + hours(i), std::nullopt) == kNow + hours(i));
}

TEST_CASE("in files a frame that says nothing is a step behind the one before it") {
  CameraTime time;
  CHECK(time.Take(std::nullopt, std::nullopt) == Time(0));
  CHECK(time.Take(std::nullopt, std::nullopt) == Time(CameraTime::kAssumedStep));
  CameraTime fast;
  fast.Take(Time(0), std::nullopt);
  fast.Take(milliseconds(40), std::nullopt);
  CHECK(fast.Take(std::nullopt, std::nullopt) == milliseconds(80));
  CHECK(fast.Take(milliseconds(120), std::nullopt) == milliseconds(120));
}

TEST_CASE("a single late frame is late, and two are another time") {
  CameraTime time;
  for (int i = 0; i < 5; ++i) time.Take(kNow + kStep * i, std::nullopt);
  CHECK(time.Take(kNow - seconds(10), std::nullopt) == kNow - seconds(10));
  CHECK(time.Take(kNow + kStep * 5, std::nullopt) == kNow + kStep * 5);
  time.Take(kNow - seconds(10), std::nullopt);
  CHECK(time.Take(kNow - seconds(10) + kStep, std::nullopt) == kNow - seconds(10) + kStep);
  CHECK(time.Take(kNow - seconds(10) + kStep * 2, std::nullopt) == kNow - seconds(10) + kStep * 2);
}

TEST_CASE("a camera's fps holds though only some of its frames say when they were taken") {
  const Time off = GENERATE(Time(-hours(24)), Time(hours(24)));
  const Camera camera(CameraSettings{.pipeline = {}, .fps = 1});
  int looks = 0;
  for (int i = 0; i < 500; ++i) {
    const Time came = kNow + milliseconds(20) * i;
    const std::optional<Time> said = i % 2 == 0 ? std::optional(came + off) : std::nullopt;
    if (camera.TakeLook(said, came)) ++looks;
  }
  CHECK(looks >= 10);
  CHECK(looks <= 11);
}

}  // namespace
}  // namespace sampleproc::frame
