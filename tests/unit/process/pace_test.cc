#include "process/pace.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "base/mutex.h"

namespace sampleproc::process {
namespace {

using base::Deadline;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("time without a CPU makes no frame dearer") {
  const base::Allowance allowance{.deadline = Deadline(base::SystemClock(), seconds(60))};
  const Pace pace(allowance, 100, "looking");
  base::Mutex mutex;
  base::CondVar nobody_tells;
  const Deadline elsewhere(base::SystemClock(), milliseconds(1'500));
  {
    const base::MutexLock lock(mutex);
    while (!elsewhere.Expired()) nobody_tells.WaitUntil(mutex, elsewhere);
  }
  // By the clock on the wall the rest would take over 1,000 s.
  CHECK(pace.Check(0.1));
}

TEST_CASE("what would not end in time on a CPU of its own is refused before its time is up") {
  const base::Allowance allowance{.deadline = Deadline(base::SystemClock(), seconds(600))};
  const Pace pace(allowance, 1'000'000, "looking");
  const Deadline used(base::ThreadCpuClock(), milliseconds(150));
  while (!used.Expired()) continue;
  // At least 0.15 s for one part of a million.
  const auto refused = pace.Check(1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kDeadline);
  CHECK(refused.error().message.find("looking would take about 15") == 0);
  CHECK(pace.Check(500'000));
}

}  // namespace
}  // namespace sampleproc::process
