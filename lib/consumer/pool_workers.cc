#include "consumer/pool_workers.h"

#include <optional>
#include <utility>

namespace sampleproc::consumer {
namespace {

// A visit that has begun. It ends in any case, or the dispatcher would wait for it for ever: with
// what is thrown over it as a bug, whose text is short enough to take no memory.
class BegunVisit {
 public:
  explicit BegunVisit(Visit& visit) : visit_(visit) {}
  BegunVisit(const BegunVisit&) = delete;
  BegunVisit& operator=(const BegunVisit&) = delete;
  ~BegunVisit() { visit_.end(std::move(result_)); }

  void Came(base::Result<frame::FrameResult> result) { result_ = std::move(result); }

 private:
  Visit& visit_;
  base::Result<frame::FrameResult> result_ =
      std::unexpected(base::Error{base::ErrorCode::kInternal, "a task threw", {}, {}});
};

}  // namespace

base::Result<void> PoolWorkers::Submit(Visit visit) {
  return pool_.Submit([visit = std::move(visit)](process::Processor& processor,
                                                 process::CameraTurns::Turn turn) mutable {
    const auto assigned = visit.begin();
    if (!assigned) return;
    BegunVisit begun(visit);
    begun.Came(processor.Process(assigned->frame, assigned->allowance, std::move(turn)));
  });
}

}  // namespace sampleproc::consumer
