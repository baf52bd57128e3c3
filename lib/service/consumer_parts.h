// The consumer of a service: source, dispatcher and pull loop, built from a configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/id_source.h"
#include "base/log.h"
#include "config/config.h"
#include "process/frame_work.h"
#include "process/worker_pool.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"
#include "telemetry/metrics.h"

namespace sampleproc::service {

// What the consumer uses of its service; all of it must outlive the consumer.
struct ConsumerContext {
  const config::Config& config;
  process::WorkerPool& pool;
  process::WorkContext work;
  resources::MemoryBudget& budget;
  base::IdSource& ids;
  telemetry::Conditions& conditions;
  base::Logger& log;
};

// Pulls frames from the moment it exists. It ends in this order: Stop, Drain, the end of the pool's
// workers, its destruction, the pool's.
class ConsumerParts {
 public:
  // Nothing when consumer.enabled is off. Fails with kConfig when a file that is named cannot be
  // used; an upstream that is away is no failure.
  static base::Result<std::unique_ptr<ConsumerParts>> Start(const ConsumerContext& context);
  ~ConsumerParts();

  // No pull begins from now on.
  void Stop();

  // What a stop has given up.
  struct GivenUp {
    std::uint64_t frames = 0;   // that were pulled and are not settled
    std::uint64_t results = 0;  // that are lost: a sink did not take them
    bool Any() const { return frames + results > 0; }
  };

  // Finishes what is held, or gives it back where the upstream takes it back; takes leave of the
  // orchestrator; delivers results. At `end` what is in work is told to stop and has `after_cancel`
  // to come back, and what no sink has taken is given up. Each kind is logged. Frames that are held
  // for all that are, with an upstream that takes them back, somebody else's in a while.
  GivenUp Drain(const base::Deadline& end, std::chrono::milliseconds after_cancel);

  // Settles what workers have been at for `limit` as dead.
  void GiveUpStuck(std::chrono::milliseconds limit);

  telemetry::ConsumerGauges gauges() const;

 private:
  class Impl;
  explicit ConsumerParts(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::service
