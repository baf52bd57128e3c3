#include "consumer/pool_workers.h"

#include <utility>

namespace sampleproc::consumer {

base::Result<void> PoolWorkers::Submit(Visit visit) {
  return pool_.Submit([visit = std::move(visit)](process::Processor& processor,
                                                 process::CameraTurns::Turn turn) mutable {
    const auto assigned = visit.begin();
    if (!assigned) return;
    visit.end(processor.Process(assigned->frame, assigned->allowance, std::move(turn)));
  });
}

}  // namespace sampleproc::consumer
