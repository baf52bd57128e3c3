#include "process/pace.h"

#include <chrono>
#include <cmath>

namespace sampleproc::process {
namespace {

using Seconds = std::chrono::duration<double>;

// Before this much CPU time was used the price says little.
constexpr Seconds kTooSoon{0.1};

// The rest of the work may seem to take so many times the time that is left.
constexpr double kHope = 2.0;

}  // namespace

base::Result<void> Pace::Check(double done) const {
  if (auto allowed = allowance_.Check(what_); !allowed) return allowed;
  if (!allowance_.deadline.OnSystemClock() || done <= 0) return {};
  const Seconds took = base::ThreadCpuClock().Now() - begin_;
  const Seconds left = allowance_.deadline.At() - base::SystemClock().Now();
  const Seconds rest = took * ((total_ - done) / done);
  if (took < kTooSoon || rest <= kHope * left) return {};
  const auto tenths = [](Seconds time) {
    const auto all = static_cast<long>(std::lround(time.count() * 10));
    return std::to_string(all / 10) + "." + std::to_string(all % 10) + " s";
  };
  return base::Fail(base::ErrorCode::kDeadline,
                    what_ + " would take about " + tenths(took + rest) + " of CPU time and " +
                        tenths(left) + " are left: send smaller frames or raise process.deadline");
}

}  // namespace sampleproc::process
