// A worker pool as the dispatcher sees it.
#pragma once

#include "consumer/workers.h"
#include "process/worker_pool.h"

namespace sampleproc::consumer {

class PoolWorkers final : public Workers {
 public:
  // The pool must outlive it.
  explicit PoolWorkers(process::WorkerPool& pool) : pool_(pool) {}

  base::Result<void> Submit(Visit visit) override;
  int count() const override { return pool_.workers(); }
  int Stuck(std::chrono::milliseconds limit) const override { return pool_.Stuck(limit); }

 private:
  process::WorkerPool& pool_;
};

}  // namespace sampleproc::consumer
