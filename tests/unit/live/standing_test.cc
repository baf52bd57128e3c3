#include "live/standing.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "support/counting_log.h"
#include "support/fake_clock.h"

namespace sampleproc::live {
namespace {

using std::chrono::seconds;

constexpr const char* kCannotLook = "camera: a picture cannot be looked at";

struct Bench {
  Standing Of(bool is_file = false) {
    return Standing({"yard", is_file, seconds(10)}, clock, conditions, log);
  }
  std::string Reason() const {
    const auto all = conditions.List();
    return all.empty() ? std::string() : all[0].reason;
  }
  int begun() { return log.Count("condition begins"); }
  int over() { return log.Count("condition ends"); }

  testing::FakeClock clock;
  test::CountingLog log;
  telemetry::Conditions conditions{clock, log};
};

cameras::CameraGauges Gauges(const Standing& standing) {
  cameras::CameraGauges gauges;
  standing.Tell(gauges);
  return gauges;
}

TEST_CASE("a login that is refused while the camera is away is told as well, once") {
  constexpr const char* kRefuses = "camera: it refuses the login";
  Bench bench;
  Standing standing = bench.Of();
  standing.Away("nothing listens there");
  CHECK_FALSE(Gauges(standing).refuses_login);
  standing.Away("it refuses (401)", "; not tried again before noon", true);
  CHECK(Gauges(standing).refuses_login);
  CHECK(bench.log.Count(kRefuses) == 1);
  standing.Away("nothing listens there");
  CHECK_FALSE(Gauges(standing).refuses_login);
  standing.Away("it refuses (401)", "; not tried again before one", true);
  CHECK(bench.log.Count(kRefuses) == 1);
  CHECK(bench.begun() == 1);
  standing.LookedAt(standing.connection());
  CHECK_FALSE(Gauges(standing).refuses_login);
  // That it begins with this is said by the condition.
  standing.Away("it refuses (401)", "; not tried again before two", true);
  CHECK(bench.begun() == 2);
  CHECK(bench.log.Count(kRefuses) == 1);
}

TEST_CASE("pictures that nobody can look at are a condition after the patience") {
  Bench bench;
  Standing standing = bench.Of();
  standing.Came();
  standing.CannotLook(0, "no picture");
  bench.clock.Advance(seconds(9));
  standing.CannotLook(0, "no picture");
  CHECK(Gauges(standing).connected);
  CHECK(bench.Reason().empty());
  bench.clock.Advance(seconds(1));
  standing.CannotLook(0, "still none");
  CHECK(bench.Reason() == "still none");
  CHECK_FALSE(Gauges(standing).connected);
  CHECK(Gauges(standing).error == "still none");
  // That more come, or that nobody tries, changes nothing.
  standing.Came();
  standing.NotTried(0);
  CHECK_FALSE(Gauges(standing).connected);
  standing.LookedAt(0);
  CHECK(bench.Reason().empty());
  CHECK(Gauges(standing).connected);
  CHECK(Gauges(standing).error.empty());
  CHECK(bench.begun() == 1);
  CHECK(bench.over() == 1);
  CHECK(bench.log.Count(kCannotLook) == 2);  // before the condition
}

TEST_CASE(
    "damaged pictures among good ones are told once for each reason, and anew after a while") {
  Bench bench;
  Standing standing = bench.Of();
  const auto fail = [&](const std::string& why) {
    standing.CannotLook(0, why);
    bench.clock.Advance(seconds(1));
    standing.LookedAt(0);
    return bench.log.Count(kCannotLook);
  };
  CHECK(fail("cut") == 1);
  for (int i = 0; i < 20; ++i) CHECK(fail("cut") == 1);
  CHECK(fail("no JPEG") == 2);
  for (int i = 0; i < 30; ++i) fail("packet " + std::to_string(i));
  CHECK(bench.log.Count(kCannotLook) == 10);
  bench.clock.Advance(seconds(10));
  CHECK(fail("packet 29") == 11);
  CHECK(bench.begun() == 0);
}

TEST_CASE("a picture that is looked at begins the patience anew") {
  Bench bench;
  Standing standing = bench.Of();
  for (int i = 0; i < 5; ++i) {
    standing.CannotLook(0, "damaged");
    bench.clock.Advance(seconds(8));
    standing.LookedAt(0);
  }
  standing.CannotLook(0, "damaged");
  CHECK(bench.begun() == 0);
}

TEST_CASE("a camera that comes and goes without a picture of use is one condition") {
  Bench bench;
  Standing standing = bench.Of();
  standing.Away("refused");
  CHECK(bench.Reason() == "refused; it is tried again until it is back");
  for (int i = 0; i < 3; ++i) {
    standing.Came();
    standing.CannotLook(standing.connection(), "a login page");
    CHECK(bench.Reason() == "a login page");
    standing.Away("closed");
    // What was found of an earlier connection's picture says nothing of this one.
    standing.LookedAt(standing.connection() - 1);
    standing.NotTried(standing.connection() - 1);
    CHECK_FALSE(Gauges(standing).connected);
  }
  CHECK(bench.begun() == 1);
  CHECK(bench.over() == 0);
  standing.LookedAt(standing.connection());
  CHECK(bench.over() == 1);
}

TEST_CASE("a camera that was away is back with a picture for which no worker was free") {
  Bench bench;
  Standing standing = bench.Of();
  standing.Away("refused");
  standing.Came();
  CHECK_FALSE(Gauges(standing).connected);
  standing.NotTried(1);
  CHECK(Gauges(standing).connected);
  CHECK(bench.over() == 1);
}

TEST_CASE("pictures of files are told one by one, ten of them, the same one once") {
  Bench bench;
  Standing standing = bench.Of(true);
  for (int i = 0; i < 3; ++i) standing.CannotLook(0, "a.heic: HEIC");
  CHECK(bench.log.Count(kCannotLook) == 1);
  for (int i = 0; i < 30; ++i) standing.CannotLook(0, "frame " + std::to_string(i));
  CHECK(bench.log.Count(kCannotLook) == 10);
}

TEST_CASE("of a file that has ended it is told what was wrong with it") {
  Bench bench;
  Standing some = bench.Of(true);
  some.CannotLook(0, "a.heic: HEIC");
  some.LookedAt(0);
  some.HasEnded();
  CHECK(Gauges(some).ended);
  some.LookedAt(0);
  some.End();
  CHECK(Gauges(some).error == "a.heic: HEIC");
  CHECK_FALSE(Gauges(some).connected);
  CHECK(bench.Reason().empty());

  Standing none = bench.Of(true);
  none.HasEnded();
  none.CannotLook(0, "a.heic: HEIC");
  none.End();
  CHECK(Gauges(none).ended);
  CHECK(bench.Reason().starts_with("a.heic: HEIC; it has ended"));
  none.Close();
  none.CannotLook(0, "b.heic: HEIC");
  none.Away("too late");
  CHECK(bench.Reason().empty());
  CHECK(bench.log.Count("camera: its file has ended") == 2);
}

}  // namespace
}  // namespace sampleproc::live
