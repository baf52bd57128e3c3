#include "consumer/ledger.h"

namespace sampleproc::consumer {

void Ledger::Offered(std::size_t frames) {
  metrics_.ConsumerFramesOffered(frames);
  const base::MutexLock lock(mutex_);
  totals_.offered += frames;
}

void Ledger::Settled(Ending ending, std::string_view reason, bool ours) {
  struct Outcome {
    std::string_view name;
    std::uint64_t Totals::* count;
  };
  constexpr Outcome kTakenOver = {"taken_over", &Totals::taken_over};
  constexpr Outcome kOutcomes[] = {{"done", &Totals::done},  // in the order of Ending
                                   {"dropped", &Totals::dropped},
                                   {"dead", &Totals::dead},
                                   {"returned", &Totals::returned}};
  const Outcome& outcome = ours ? kOutcomes[static_cast<std::size_t>(ending)] : kTakenOver;
  metrics_.ConsumerFrameSettled(outcome.name, ours ? reason : "");
  const base::MutexLock lock(mutex_);
  ++(totals_.*outcome.count);
}

Ledger::Totals Ledger::totals() const {
  const base::MutexLock lock(mutex_);
  return totals_;
}

}  // namespace sampleproc::consumer
