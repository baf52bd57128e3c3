#include "consumer/ledger.h"

namespace sampleproc::consumer {

void Ledger::Offered(std::size_t frames) {
  metrics_.ConsumerFramesOffered(frames);
  const std::lock_guard lock(mutex_);
  totals_.offered += frames;
}

void Ledger::Settled(Ending ending, std::string_view reason, bool ours) {
  std::uint64_t Totals::* count = &Totals::taken_over;
  std::string_view outcome = "taken_over";
  if (ours) {
    switch (ending) {
      case Ending::kDone:
        count = &Totals::done;
        outcome = "done";
        break;
      case Ending::kDropped:
        count = &Totals::dropped;
        outcome = "dropped";
        break;
      case Ending::kDead:
        count = &Totals::dead;
        outcome = "dead";
        break;
      case Ending::kReturned:
        count = &Totals::returned;
        outcome = "returned";
        break;
    }
  }
  metrics_.ConsumerFrameSettled(outcome, ours ? reason : "");
  const std::lock_guard lock(mutex_);
  ++(totals_.*count);
}

Ledger::Totals Ledger::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace sampleproc::consumer
