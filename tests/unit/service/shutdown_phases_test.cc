#include "service/shutdown_phases.h"

#include <catch2/catch.hpp>

namespace sampleproc::service {
namespace {

using namespace std::chrono_literals;

TEST_CASE("work has nearly all of the time for a shutdown") {
  constexpr auto kDelivers = Afterwards::kDeliveries;
  CHECK(TimeForWork(1s, kDelivers) == 667ms);
  CHECK(TimeForWork(3s, kDelivers) == 2s);
  CHECK(TimeForWork(10s, kDelivers) == 8500ms);
  CHECK(TimeForWork(1h, kDelivers) == 1h - 1500ms);
}

TEST_CASE("where nothing is delivered, work has the time for it, too") {
  for (const auto timeout : {1'000ms, 2'000ms, 10'000ms, 3'600'000ms}) {
    CHECK(TimeForWork(timeout, Afterwards::kNothing) == TimeForResults(timeout));
    CHECK(TimeForWork(timeout, Afterwards::kDeliveries) < TimeForResults(timeout));
  }
  CHECK(TimeForWork(2s, Afterwards::kNothing) == 1600ms);
  CHECK(TimeForWork(10s, Afterwards::kNothing) == 9500ms);
}

}  // namespace
}  // namespace sampleproc::service
