#include "loadtest/pacer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

namespace sampleproc::loadtest {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::vector<Arrival> All(std::unique_ptr<Pacer> pacer) {
  std::vector<Arrival> arrivals;
  while (const auto next = pacer->Next()) arrivals.push_back(*next);
  return arrivals;
}

TEST_CASE("a constant rate sends at equal distances from the start on") {
  const auto arrivals = All(PaceStages({{seconds(2), 4, 4}}, Spacing::kConstant, 1));
  REQUIRE(arrivals.size() == 8);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    CHECK(arrivals[i].at == milliseconds(250) * static_cast<int>(i));
  }
}

TEST_CASE("an hour at an odd rate does not drift") {
  auto pacer = PaceStages({{hours(1), 333, 333}}, Spacing::kConstant, 1);
  std::uint64_t count = 0;
  nanoseconds last{};
  while (const auto next = pacer->Next()) {
    ++count;
    last = next->at;
  }
  CHECK(count == 333u * 3600);
  const double exact = (333.0 * 3600 - 1) / 333 * 1e9;
  CHECK(std::abs(static_cast<double>(last.count()) - exact) < 1000);
}

TEST_CASE("stages follow each other without a gap or a request twice") {
  const auto arrivals = All(PaceStages(
      {{seconds(1), 10, 10}, {seconds(1), 0, 0}, {seconds(1), 20, 20}}, Spacing::kConstant, 1));
  REQUIRE(arrivals.size() == 30);
  CHECK(arrivals[9].at == milliseconds(900));
  CHECK(arrivals[10].at == milliseconds(2000));
  CHECK(arrivals[11].at == milliseconds(2050));
}

TEST_CASE("a ramp sends as many as the area below it, ever closer together") {
  const auto arrivals = All(PaceStages({{seconds(10), 0, 100}}, Spacing::kConstant, 1));
  REQUIRE(arrivals.size() == 500);
  // t*t*10/2 requests were sent by t.
  for (const std::size_t i : {0u, 20u, 125u, 499u}) {
    const double exact = std::sqrt(static_cast<double>(i) / 5);
    CHECK(std::chrono::duration<double>(arrivals[i].at).count() == Approx(exact).margin(1e-6));
  }
  const auto down = All(PaceStages({{seconds(10), 100, 0}}, Spacing::kConstant, 1));
  REQUIRE(down.size() == 500);
  CHECK(down[1].at < milliseconds(11));
  CHECK(down.back().at < seconds(10));
}

TEST_CASE("Poisson arrivals have the rate, its spread, and their seed's order") {
  const auto arrivals = All(PaceStages({{seconds(100), 100, 100}}, Spacing::kPoisson, 42));
  CHECK(std::abs(static_cast<double>(arrivals.size()) - 10'000) < 500);
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const double gap = std::chrono::duration<double>(arrivals[i].at - arrivals[i - 1].at).count();
    REQUIRE(gap >= 0);
    sum += gap;
    squares += gap * gap;
  }
  const auto count = static_cast<double>(arrivals.size() - 1);
  const double mean = sum / count;
  // An exponential's deviation is its mean.
  CHECK(std::sqrt(squares / count - mean * mean) == Approx(mean).epsilon(0.1));
  const auto again = All(PaceStages({{seconds(100), 100, 100}}, Spacing::kPoisson, 42));
  CHECK(again.back().at == arrivals.back().at);
  const auto other = All(PaceStages({{seconds(100), 100, 100}}, Spacing::kPoisson, 43));
  CHECK(other.back().at != arrivals.back().at);
}

TEST_CASE("each camera keeps its own phase and rate") {
  const auto arrivals = All(PaceCameras(5, 4, seconds(10), 9));
  REQUIRE(arrivals.size() == 200);
  std::map<std::uint32_t, std::vector<nanoseconds>> by_camera;
  nanoseconds last{};
  for (const Arrival& arrival : arrivals) {
    CHECK(arrival.at >= last);
    last = arrival.at;
    by_camera[arrival.camera].push_back(arrival.at);
  }
  REQUIRE(by_camera.size() == 5);
  std::map<nanoseconds, int> phases;
  for (const auto& [camera, times] : by_camera) {
    REQUIRE(times.size() == 40);
    CHECK(times.front() < milliseconds(250));
    ++phases[times.front()];
    for (std::size_t i = 1; i < times.size(); ++i) {
      CHECK(times[i] - times[i - 1] == milliseconds(250));
    }
  }
  CHECK(phases.size() == 5);
}

TEST_CASE("shares of a schedule are the schedule, each request once") {
  std::map<nanoseconds, int> seen;
  for (std::size_t thread = 0; thread < 3; ++thread) {
    auto whole = PaceStages({{seconds(1), 100, 100}}, Spacing::kPoisson, 5);
    for (const Arrival& arrival : All(PaceShare(std::move(whole), thread, 3))) ++seen[arrival.at];
  }
  const auto whole = All(PaceStages({{seconds(1), 100, 100}}, Spacing::kPoisson, 5));
  REQUIRE(seen.size() == whole.size());
  for (const Arrival& arrival : whole) CHECK(seen[arrival.at] == 1);
}

TEST_CASE("a count ends a schedule, recorded times are repeated") {
  CHECK(All(PaceFirst(PaceRecorded({seconds(1), seconds(2), seconds(3)}), 2)).size() == 2);
  CHECK(All(PaceRecorded({seconds(1), seconds(2)})).back().at == seconds(2));
  CHECK(All(PaceRecorded({})).empty());
  CHECK(All(PaceStages({}, Spacing::kPoisson, 1)).empty());
}

}  // namespace
}  // namespace sampleproc::loadtest
