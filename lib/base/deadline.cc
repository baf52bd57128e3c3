#include "base/deadline.h"

namespace sampleproc::base {

Result<void> Allowance::Check(std::string_view where) const {
  if (cancel.Cancelled()) return Fail(ErrorCode::kCancelled, "whoever asked for it is gone");
  if (deadline.Expired() || cpu.Expired()) {
    return Fail(ErrorCode::kDeadline, "the frame ran out of time in " + std::string(where));
  }
  return {};
}

Allowance Allowance::Within(std::chrono::nanoseconds time) const {
  Allowance shorter = *this;
  shorter.deadline = Deadline::Earlier(deadline, Deadline(SystemClock(), time));
  return shorter;
}

Allowance Allowance::Under(const Span& span) const {
  Allowance under = *this;
  under.trace = span.parent();
  return under;
}

}  // namespace sampleproc::base
