#include "service/sizing.h"

#include <catch2/catch.hpp>

namespace sampleproc::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a process rests when five calm seconds have followed each other") {
  MemoryReturn memory;
  base::MonoTime now{};
  milliseconds used{};
  const auto look = [&](milliseconds worked) {
    now += seconds(1);
    used += worked;
    return memory.Rests(now, used);
  };
  CHECK_FALSE(look(milliseconds(900)));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(look(milliseconds(10)));
  CHECK_FALSE(look(milliseconds(100)));  // neither work nor calm
  for (int i = 0; i < 4; ++i) CHECK_FALSE(look(milliseconds(10)));
  for (int i = 0; i < 10; ++i) CHECK(look(milliseconds(10)));
  CHECK_FALSE(look(milliseconds(100)));
}

TEST_CASE("memory is given back when much more is free than the last time") {
  constexpr std::size_t kMegabyte = 1 << 20;
  MemoryReturn memory;
  CHECK_FALSE(memory.IsWorthwhile(2 * kMegabyte));
  // However slowly it came: ten thousand connections take no work worth the name.
  CHECK(memory.IsWorthwhile(90 * kMegabyte));
  CHECK_FALSE(memory.IsWorthwhile(90 * kMegabyte));
  CHECK_FALSE(memory.IsWorthwhile(95 * kMegabyte));
  CHECK_FALSE(memory.IsWorthwhile(60 * kMegabyte));  // taken into use again
  CHECK(memory.IsWorthwhile(90 * kMegabyte));
}

}  // namespace
}  // namespace sampleproc::service
