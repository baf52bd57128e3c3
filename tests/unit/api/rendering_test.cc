#include "api/rendering.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::api {
namespace {

using std::chrono::milliseconds;

struct Counted {
  explicit Counted(milliseconds price)
      : text(clock, [this, price] {
          clock.Advance(price);
          return std::to_string(++made);
        }) {}

  testing::FakeClock clock;
  int made = 0;
  Rendering text;
};

TEST_CASE("a text is made anew for each who asks at a pace that it can be made at") {
  Counted counted(milliseconds(1));
  for (int i = 1; i <= 500; ++i) {
    CHECK(*counted.text.Get() == std::to_string(i));
    counted.clock.Advance(milliseconds(10));
  }
}

TEST_CASE("a text that is asked for faster than it can be made takes half of the time") {
  Counted counted(milliseconds(4));
  for (int i = 0; i < 10'000; ++i) {
    const auto first = counted.clock.Now();
    const auto text = counted.text.Get();
    CHECK((counted.clock.Now() == first || *text == std::to_string(counted.made)));
  }
  const int at_once = static_cast<int>(Rendering::kAtOnce.count()) / 4;
  CHECK(counted.made >= at_once);
  CHECK(counted.made <= at_once * 2 + 2);

  const int before = counted.made;
  for (int i = 0; i < 1000; ++i) {
    counted.clock.Advance(milliseconds(1));
    (void)counted.text.Get();
  }
  CHECK(counted.made - before >= 240);
  CHECK(counted.made - before <= 265);
}

TEST_CASE("a text that is shared is no older than twice as long as it took") {
  Counted counted(milliseconds(200));
  (void)counted.text.Get();
  CHECK(*counted.text.Get() == "1");
  counted.clock.Advance(milliseconds(400));
  CHECK(*counted.text.Get() == "2");
}

}  // namespace
}  // namespace sampleproc::api
