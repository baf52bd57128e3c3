#include "loadtest/baseline.h"

#include <catch2/catch.hpp>
#include <random>

namespace sampleproc::loadtest {
namespace {

using Outcome = Comparison::Outcome;

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
    const auto equal = Compare(Run(2, 2 * seed), Run(2, 2 * seed + 1));
    const auto slower = Compare(Run(2, 2 * seed), Run(2.2, 2 * seed + 1));
    REQUIRE((equal && slower));
    for (const Comparison& each : *equal) differences += each.outcome == Outcome::kSame ? 0 : 1;
    found += slower->front().outcome == Outcome::kSlower ? 1 : 0;
  }
  CHECK(differences <= 4);  // 200 tests at one in a hundred, and most such are too small to count
  CHECK(found >= 90);
}

TEST_CASE("a run that is faster is called so, one that is hardly slower is not called slower") {
  CHECK(Compare(Run(2, 1), Run(1.5, 2))->front().outcome == Outcome::kFaster);
  CHECK(Compare(Run(2, 1, 2000), Run(2.03, 2, 2000))->front().outcome == Outcome::kSame);
}

TEST_CASE("what is too short to compare is refused") {
  const auto short_run = Compare(Run(2, 1, 9), Run(2, 2, 30));
  REQUIRE_FALSE(short_run);
  CHECK(short_run.error().code == base::ErrorCode::kUsage);
  CHECK(Compare(Run(2, 1, 10), Run(2, 2, 10)));
}

TEST_CASE("seconds are found in a result, and only there") {
  const auto seconds = ParseBaseline(
      R"({"p50_ms":1,"latency":{"corrected":{"p50_ms":9}},"seconds":[{"second":0,"good":5,"p50_ms":1.5,
          "p99_ms":2.5},{"p50_ms":3,"good":0}],"notes":[]})");
  REQUIRE(seconds);
  REQUIRE(seconds->size() == 2);
  CHECK((*seconds)[0].p50_ms == 1.5);
  CHECK((*seconds)[0].p99_ms == 2.5);
  CHECK((*seconds)[0].good == 5);
  CHECK((*seconds)[1].p50_ms == 3);
  for (const char* text : {"", "[]", "{}", "{\"seconds\":[]}", "no json"}) {
    CHECK_FALSE(ParseBaseline(text));
  }
}

}  // namespace
}  // namespace sampleproc::loadtest
