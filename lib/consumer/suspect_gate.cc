#include "consumer/suspect_gate.h"

namespace sampleproc::consumer {

bool SuspectGate::MayBegin(const HeldFrame& next, std::size_t begun, base::MonoTime now) {
  if (alone_ && now >= alone_->longest) {
    stuck_.insert(alone_->number);
    alone_.reset();
  }
  if (alone_) return false;
  return !next.suspect() || begun == stuck_.size();
}

void SuspectGate::Begun(const HeldFrame& frame, base::MonoTime now) {
  if (frame.suspect()) alone_ = {frame.number, now + kLongest};
}

void SuspectGate::Ended(const HeldFrame& frame) {
  stuck_.erase(frame.number);
  if (alone_ && alone_->number == frame.number) alone_.reset();
}

}  // namespace sampleproc::consumer
