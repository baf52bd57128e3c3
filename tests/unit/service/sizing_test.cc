#include "service/sizing.h"

#include <catch2/catch.hpp>

namespace sampleproc::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("memory is given back once after work, when five calm seconds have followed") {
  MemoryReturn memory;
  base::MonoTime now{};
  milliseconds used{};
  const auto look = [&](milliseconds worked) {
    now += seconds(1);
    used += worked;
    return memory.IsDue(now, used);
  };
  for (int i = 0; i < 10; ++i) CHECK_FALSE(look(milliseconds(10)));  // nothing was done
  CHECK_FALSE(look(milliseconds(900)));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(look(milliseconds(10)));
  CHECK_FALSE(look(milliseconds(100)));  // neither work nor calm
  for (int i = 0; i < 4; ++i) CHECK_FALSE(look(milliseconds(10)));
  CHECK(look(milliseconds(10)));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(look(milliseconds(10)));
}

}  // namespace
}  // namespace sampleproc::service
