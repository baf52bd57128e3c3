#include "loadtest/baseline.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>

namespace sampleproc::loadtest {
namespace {

using Outcome = Comparison::Outcome;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST_CASE("the test's values are those of tables") {
  // U = 0 of two times five: z = (12.5 - 0.5) / sqrt(275 / 12).
  CHECK(MannWhitney({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}) == Approx(0.01219).epsilon(0.001));
  CHECK(MannWhitney({6, 7, 8, 9, 10}, {1, 2, 3, 4, 5}) == Approx(0.01219).epsilon(0.001));
  CHECK(MannWhitney({1, 2, 3}, {1, 2, 3}) == Approx(1));
  CHECK(MannWhitney({5, 5, 5}, {5, 5}) == 1);
}

// Seconds around `p50` with the spread of a machine that others use, too.
std::vector<Second> Run(double p50, std::uint64_t seed, int count = 30) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> noise(0, 0.08);
  std::vector<Second> seconds;
  for (int i = 0; i < count; ++i) {
    Second second;
    second.second = static_cast<std::uint64_t>(i);
    second.good = 100;
    second.p50_ms = p50 * noise(random);
    second.p99_ms = 3 * p50 * noise(random);
    seconds.push_back(second);
  }
  return seconds;
}

TEST_CASE("equal runs are the same, a tenth slower is slower") {
  int differences = 0;
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto equal = Compare(Run(2, 2 * seed), Run(2, 2 * seed + 1), true);
    const auto slower = Compare(Run(2, 2 * seed), Run(2.2, 2 * seed + 1), true);
    REQUIRE((equal && slower));
    for (const Comparison& each : *equal) differences += each.outcome == Outcome::kSame ? 0 : 1;
    found += slower->front().outcome == Outcome::kSlower ? 1 : 0;
  }
  CHECK(differences <= 4);  // 200 tests at one in a hundred, and most such are too small to count
  CHECK(found >= 90);
}

TEST_CASE("a run that is faster is called so, one that is hardly slower is not called slower") {
  CHECK(Compare(Run(2, 1), Run(1.5, 2), true)->front().outcome == Outcome::kFaster);
  CHECK(Compare(Run(2, 1, 2000), Run(2.03, 2, 2000), true)->front().outcome == Outcome::kSame);
}

TEST_CASE("what is too short to compare is refused") {
  const auto short_run = Compare(Run(2, 1, 9), Run(2, 2, 30), true);
  REQUIRE_FALSE(short_run);
  CHECK(short_run.error().code == base::ErrorCode::kUsage);
  CHECK(Compare(Run(2, 1, 10), Run(2, 2, 10), true));
}

// Every second of the run with so many of its 100 requests failed, at once.
std::vector<Second> Failing(std::uint64_t seed, std::uint64_t errors) {
  std::vector<Second> seconds = Run(0.1, seed);
  for (Second& second : seconds) {
    second.good = 100 - errors;
    second.errors = errors;
    second.p99_ms = kInfinity;
    if (errors > 50) second.p50_ms = kInfinity;
  }
  return seconds;
}

const Comparison& Of(const std::vector<Comparison>& all, std::string_view metric) {
  const auto at = std::ranges::find(all, metric, &Comparison::metric);
  REQUIRE(at != all.end());
  return *at;
}

TEST_CASE("a run that fails fast is not a fast run") {
  const auto most = Compare(Run(2, 1), Failing(2, 90), true);
  REQUIRE(most);
  for (const Comparison& each : *most) {
    CAPTURE(each.metric);
    CHECK(each.outcome == Outcome::kSlower);
  }
  CHECK(OutcomeName(Of(*most, "errors")) == "more");
  CHECK(OutcomeName(Of(*most, "rate")) == "slower");
  const auto some = Compare(Run(2, 1), Failing(2, 3), true);
  CHECK(Of(*some, "p50").outcome == Outcome::kFaster);
  CHECK(Of(*some, "errors").outcome == Outcome::kSlower);
  CHECK(Of(*some, "rate").outcome == Outcome::kSame);
  CHECK(OutcomeName(Of(*Compare(Failing(1, 90), Run(2, 2), true), "errors")) == "fewer");
  const auto both = Compare(Failing(1, 90), Failing(2, 90), true);
  for (const Comparison& each : *both) CHECK(each.outcome == Outcome::kSame);
}

TEST_CASE("a second in which nothing was answered is the slowest") {
  std::vector<Second> stalled = Run(2, 2, 20);
  for (Second& second : stalled) second.intended = 100;
  for (std::size_t i = 3; i < 13; ++i) {
    stalled[i].good = 0;
    stalled[i].p50_ms = stalled[i].p99_ms = std::numeric_limits<double>::quiet_NaN();
  }
  stalled[13].good = 1100;
  const auto compared = Compare(Run(2, 1, 20), stalled, true);
  REQUIRE(compared);
  CHECK(Of(*compared, "p50").outcome == Outcome::kSlower);
  CHECK(Of(*compared, "p99").new_value == kInfinity);
  CHECK(Of(*compared, "rate").outcome == Outcome::kSlower);
  CHECK(Of(*compared, "rate").new_value == 0);
  CHECK(Of(*compared, "errors").outcome == Outcome::kSame);
  // Nor may the earlier one have been quicker for its stall.
  CHECK(Of(*Compare(stalled, Run(2, 1, 20), true), "rate").outcome == Outcome::kFaster);
}

// A run of so many requests of 5 ms, and so many of `slow_ms`.
Measurement Requests(int quick, int slow, std::uint64_t slow_ms) {
  Measurement measured;
  for (int i = 0; i < quick + slow; ++i) {
    const std::uint64_t ms = i < quick ? 5 : slow_ms;
    measured.AddLatency(ms * 1'000'000, ms * 1'000'000, Place::kBetween);
    ++measured.good;
  }
  return measured;
}

TEST_CASE("a stall that moves no median is seen in all requests together") {
  Baseline old_run;
  CHECK(CompareRuns(old_run, Requests(1000, 0, 0)).empty());  // of an earlier version
  old_run.p99_ms = 5;
  old_run.p999_ms = 40;
  const auto outcome = [&old_run](const Measurement& measured, std::string_view metric) {
    return Of(CompareRuns(old_run, measured), metric).outcome;
  };
  CHECK(outcome(Requests(900, 100, 4000), "run_p99") == Outcome::kSlower);
  CHECK(outcome(Requests(900, 100, 4000), "run_p999") == Outcome::kSlower);
  CHECK(outcome(Requests(900, 100, 24), "run_p99") == Outcome::kSame);
  CHECK(outcome(Requests(985, 15, 4000), "run_p99") == Outcome::kSlower);
  CHECK(outcome(Requests(95, 5, 4000), "run_p99") == Outcome::kSame);  // of five anything can be
  CHECK(outcome(Requests(19985, 15, 4000), "run_p999") == Outcome::kSame);
  CHECK(outcome(Requests(19900, 100, 4000), "run_p999") == Outcome::kSlower);
  Measurement failing = Requests(900, 0, 0);
  for (int i = 0; i < 100; ++i) failing.Fail("status_500");
  CHECK(outcome(failing, "run_p99") == Outcome::kSlower);
  old_run.p99_ms = kInfinity;
  CHECK(outcome(failing, "run_p99") == Outcome::kSame);
  CHECK(outcome(Requests(900, 0, 0), "run_p99") == Outcome::kFaster);
  CHECK(CompareRuns(old_run, Requests(20, 0, 0)).empty());
}

TEST_CASE("rates of different loads are not compared") {
  const auto compared = Compare(Run(2, 1), Run(2, 2), false);
  REQUIRE(compared);
  CHECK(std::ranges::find(*compared, "rate", &Comparison::metric) == compared->end());
}

TEST_CASE("an earlier run is found in a result, and only there") {
  const auto baseline = ParseBaseline(
      R"({"target":"t","loop":"open","p50_ms":1,"latency":{"corrected":
          {"p50_ms":9,"p99_ms":12,"p999_ms":null},
          "raw":{"p99_ms":1,"p999_ms":1}},
          "seconds":[{"second":0,"good":5,"p50_ms":1.5,"p99_ms":null,"errors":1},
          {"p50_ms":3,"good":0},{"p50_ms":0,"p99_ms":0,"good":0,"errors":7}],"notes":[]})",
      false);
  REQUIRE(baseline);
  CHECK(baseline->target == "t");
  CHECK(baseline->p99_ms == 12);
  CHECK(baseline->p999_ms == kInfinity);
  const std::vector<Second>& seconds = baseline->seconds;
  REQUIRE(seconds.size() == 3);
  CHECK(seconds[0].p50_ms == 1.5);
  CHECK(seconds[0].p99_ms == kInfinity);
  CHECK(seconds[0].good == 5);
  CHECK(seconds[0].errors == 1);
  CHECK(seconds[1].p50_ms == 3);
  CHECK(seconds[2].p50_ms == kInfinity);  // as an earlier version wrote it
  for (const char* text : {"", "[]", "{}", "{\"seconds\":[]}", "no json"}) {
    CHECK_FALSE(ParseBaseline(text, false));
  }
}

TEST_CASE("a run that says nothing about the target is no baseline, nor is one of another loop") {
  const std::string seconds = R"("seconds":[{"p50_ms":1}]})";
  CHECK_FALSE(ParseBaseline(R"({"verdict":"invalid",)" + seconds, false));
  CHECK_FALSE(ParseBaseline(R"({"verdict":"pass","loop":"closed",)" + seconds, false));
  CHECK_FALSE(ParseBaseline(R"({"verdict":"pass","loop":"open",)" + seconds, true));
  CHECK(ParseBaseline(R"({"verdict":"fail","loop":"open",)" + seconds, false));
}

}  // namespace
}  // namespace sampleproc::loadtest
