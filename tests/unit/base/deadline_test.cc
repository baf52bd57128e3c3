#include "base/deadline.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::base {
namespace {

using std::chrono::seconds;

TEST_CASE("a deadline expires at its time and not before") {
  testing::FakeClock clock;
  const Deadline deadline(clock, seconds(5));
  clock.Advance(seconds(5) - std::chrono::nanoseconds(1));
  CHECK_FALSE(deadline.Expired());
  clock.Advance(std::chrono::nanoseconds(1));
  CHECK(deadline.Expired());
}

TEST_CASE("no deadline never expires") {
  CHECK(Deadline().Never());
  CHECK_FALSE(Deadline().Expired());
}

TEST_CASE("of two deadlines the earlier counts, and none counts for nothing") {
  testing::FakeClock clock;
  const Deadline soon(clock, seconds(1));
  const Deadline late(clock, seconds(2));
  CHECK(Deadline::Earlier(soon, late).At() == soon.At());
  CHECK(Deadline::Earlier(late, soon).At() == soon.At());
  CHECK(Deadline::Earlier({}, late).At() == late.At());
  CHECK(Deadline::Earlier(late, {}).At() == late.At());
  CHECK(Deadline::Earlier({}, {}).Never());
}

TEST_CASE("copies of a cancel flag share it") {
  const CancelFlag flag;
  const CancelFlag copy = flag;
  CHECK_FALSE(copy.Cancelled());
  flag.Cancel();
  CHECK(copy.Cancelled());
  CHECK_FALSE(CancelFlag().Cancelled());
}

TEST_CASE("an allowance says why it ended, the asker's absence first") {
  testing::FakeClock clock;
  const Allowance allowance{Deadline(clock, seconds(1)), {}};
  CHECK(allowance.Check("decode"));
  clock.Advance(seconds(1));
  const auto late = allowance.Check("decode");
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::kDeadline);
  CHECK(late.error().message.ends_with("in decode"));
  allowance.cancel.Cancel();
  CHECK(allowance.Check("decode").error().code == ErrorCode::kCancelled);
}

}  // namespace
}  // namespace sampleproc::base
