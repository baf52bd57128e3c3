#include "service/shutdown_phases.h"

#include <catch2/catch.hpp>

namespace sampleproc::service {
namespace {

using namespace std::chrono_literals;

TEST_CASE("work has nearly all of the time for a shutdown") {
  CHECK(TimeForWork(1s) == 800ms);
  CHECK(TimeForWork(4s) == 3200ms);
  CHECK(TimeForWork(10s) == 9s);
  CHECK(TimeForWork(1h) == 1h - 1s);
}

}  // namespace
}  // namespace sampleproc::service
