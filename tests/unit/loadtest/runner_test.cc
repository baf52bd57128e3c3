#include "loadtest/runner.h"

#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr double kRate = 100;
constexpr double kLength = 10;

nanoseconds InNanoseconds(double count) {
  return std::chrono::duration_cast<nanoseconds>(duration<double>(count));
}

// A schedule of ten seconds at a hundred a second, each of whose requests takes so many seconds, by
// its number and the time when it is due.
template <typename Latency>
RunResult Run(Latency latency) {
  RunResult result;
  double last = 0;
  for (int i = 0; i < static_cast<int>(kRate * kLength); ++i) {
    const double at = i / kRate;
    const double took = latency(i, at);
    const auto count = static_cast<std::uint64_t>(InNanoseconds(took).count());
    ++result.total.intended;
    ++result.total.good;
    result.total.AddLatency(count, count, PlaceOf(InNanoseconds(at), InNanoseconds(kLength)));
    last = std::max(last, at + took);
  }
  SetRates(InNanoseconds(kLength), InNanoseconds(last), result);
  return result;
}

}  // namespace

TEST_CASE("rates: a target that keeps up is said to, however long its answers take") {
  for (const double each : {0.001, 0.4, 3.0, 30.0}) {
    CAPTURE(each);
    const RunResult result = Run([each](int, double) { return each; });
    CHECK(result.intended_rate == Approx(kRate));
    CHECK(result.achieved_rate == Approx(kRate));
    CHECK(result.elapsed_s == Approx(std::max(kLength, kLength - 1 / kRate + each)));
  }
  // From a tenth of a second to nearly one, in no order.
  CHECK(Run([](int i, double) { return 0.1 + (i * 37 % 80) / 100.0; }).achieved_rate ==
        Approx(kRate));
  CHECK(Run([](int i, double) { return i == 999 ? 8.0 : 0.01; }).achieved_rate == Approx(kRate));
  CHECK(Run([](int, double at) { return at < 1 ? 2 - at : 0.01; }).achieved_rate == Approx(kRate));
}

TEST_CASE("rates: a target that falls behind is found out") {
  // It answers `most` a second, each in its turn.
  for (const double most : {10.0, 50.0, 80.0, 94.0}) {
    CAPTURE(most);
    const RunResult result = Run([most](int i, double at) { return 0.2 + (i + 1) / most - at; });
    CHECK(result.achieved_rate == Approx(most).epsilon(0.06));
  }
}

TEST_CASE("rates: those of a run that was stopped are of the time until then") {
  RunResult result;
  result.stopped = true;
  result.total.intended = 200;
  SetRates(seconds(60), seconds(4), result);
  CHECK(result.elapsed_s == 4);
  CHECK(result.intended_rate == 50);
  CHECK(result.achieved_rate == 0);
  result.total.good = 180;
  for (int i = 0; i < 180; ++i) result.total.AddLatency(400'000'000, 400'000'000, Place::kFirst);
  SetRates(seconds(60), seconds(4), result);
  CHECK(result.achieved_rate == Approx(50).epsilon(0.01));
  CHECK(RateSoFar(result.total, 4) == Approx(50).epsilon(0.01));
}

TEST_CASE("rates: a closed loop has no schedule to keep up with") {
  RunResult result;
  result.total.intended = result.total.good = 100;
  SetRates({}, seconds(5), result);
  CHECK(result.achieved_rate == 20);
  CHECK(result.intended_rate == 20);
}

}  // namespace sampleproc::loadtest
