#include "consumer/ledger.h"

#include <exception>

namespace sampleproc::consumer {

void Ledger::Offered(std::size_t frames) noexcept {
  {
    const base::MutexLock lock(mutex_);
    totals_.offered += frames;
  }
  try {
    metrics_.offered.Of().Add(static_cast<double>(frames));
  } catch (const std::exception&) {  // no memory: this count is right, that metric is not
  }
}

void Ledger::FetchedAgain(std::string_view reason) noexcept {
  try {
    metrics_.fetch_retries.Of(reason).Add();
  } catch (const std::exception&) {  // as above
  }
}

void Ledger::Settled(Ending ending, std::string_view reason, bool ours) noexcept {
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
  {
    const base::MutexLock lock(mutex_);
    ++(totals_.*outcome.count);
  }
  try {
    metrics_.frames.Of(outcome.name, ours ? reason : std::string_view()).Add();
    if (!ours || (ending != Ending::kDropped && ending != Ending::kDead)) return;
    const base::MutexLock lock(mutex_);
    ++lost_[{outcome.name, std::string(reason)}];
  } catch (const std::exception&) {  // as above
  }
}

std::map<std::pair<std::string_view, std::string>, std::uint64_t> Ledger::lost() const {
  const base::MutexLock lock(mutex_);
  return lost_;
}

Ledger::Totals Ledger::totals() const {
  const base::MutexLock lock(mutex_);
  return totals_;
}

}  // namespace sampleproc::consumer
