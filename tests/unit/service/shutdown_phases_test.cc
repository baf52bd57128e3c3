#include "service/shutdown_phases.h"

#include <catch2/catch.hpp>

namespace sampleproc::service {
namespace {

using namespace std::chrono_literals;

TEST_CASE("work has nearly all of the time for a shutdown") {
  CHECK(TimeForWork(1s) == 667ms);
  CHECK(TimeForWork(3s) == 2s);
  CHECK(TimeForWork(10s) == 8500ms);
  CHECK(TimeForWork(1h) == 1h - 1500ms);
}

}  // namespace
}  // namespace sampleproc::service
