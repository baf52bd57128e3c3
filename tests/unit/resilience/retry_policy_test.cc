#include "resilience/retry_policy.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace sampleproc::resilience {
namespace {

using std::chrono::milliseconds;

TEST_CASE("pauses are spread evenly below a bound that doubles up to the longest") {
  RetryPolicy policy(milliseconds(1'000), milliseconds(30'000), 7);
  struct Case {
    int failures;
    milliseconds bound;
  };
  for (const Case& c :
       {Case{1, milliseconds(1'000)}, Case{2, milliseconds(2'000)}, Case{5, milliseconds(16'000)},
        Case{6, milliseconds(30'000)}, Case{1'000'000, milliseconds(30'000)}}) {
    CAPTURE(c.failures);
    milliseconds longest{0};
    milliseconds sum{0};
    constexpr int kPauses = 2'000;
    for (int i = 0; i < kPauses; ++i) {
      const milliseconds pause = policy.Pause(c.failures);
      CHECK(pause >= milliseconds(0));
      longest = std::max(longest, pause);
      sum += pause;
    }
    CHECK(longest <= c.bound);
    CHECK(longest > c.bound * 9 / 10);
    CHECK(sum / kPauses > c.bound * 4 / 10);
    CHECK(sum / kPauses < c.bound * 6 / 10);
  }
}

TEST_CASE("a first pause beyond the longest is the longest") {
  RetryPolicy policy(milliseconds(50), milliseconds(10), 7);
  for (int i = 0; i < 100; ++i) CHECK(policy.Pause(1) <= milliseconds(10));
}

TEST_CASE("quick tries come first, the first of them at once, and another backoff follows") {
  const Backoff pause = QuickAtFirst([](int failures) { return milliseconds(1'000 * failures); });
  CHECK(pause(1) == milliseconds(0));
  CHECK(pause(2) == kQuickPause);
  CHECK(pause(kQuickTries) == kQuickPause);
  CHECK(pause(kQuickTries + 1) == milliseconds(1'000));
  CHECK(pause(kQuickTries + 3) == milliseconds(3'000));
}

}  // namespace
}  // namespace sampleproc::resilience
