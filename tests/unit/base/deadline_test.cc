#include "base/deadline.h"

#include <catch2/catch.hpp>
#include <thread>

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

TEST_CASE("a bound on CPU time counts what the thread has used, not what has passed") {
  CHECK_FALSE(CpuDeadline().Expired());
  const CpuDeadline bound(std::chrono::milliseconds(30));
  // Until that much real time has passed, without using the CPU for all of it.
  const MonoTime end = SystemClock().Now() + std::chrono::milliseconds(40);
  std::this_thread::sleep_until(end);
  CHECK_FALSE(bound.Expired());
  const MonoTime begin = ThreadCpuClock().Now();
  while (ThreadCpuClock().Now() - begin < std::chrono::milliseconds(31)) {
  }
  CHECK(bound.Expired());
}

}  // namespace
}  // namespace sampleproc::base
