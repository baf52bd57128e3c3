// The consumer of a service: source, dispatcher and pull loop, built from a configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/id_source.h"
#include "base/log.h"
#include "config/config.h"
#include "consumer/metrics.h"
#include "consumer/sink_set.h"
#include "process/frame_work.h"
#include "process/worker_pool.h"
#include "resources/memory_budget.h"
#include "service/consumer_sinks.h"
#include "service/metrics.h"
#include "telemetry/conditions.h"
#include "telemetry/tracer.h"

namespace sampleproc::service {

// What the consumer uses of its service; all of it must outlive the consumer.
struct ConsumerContext {
  const config::Config& config;
  process::WorkerPool& pool;
  process::WorkContext work;
  const consumer::Metrics& metrics;
  resources::MemoryBudget& budget;
  base::IdSource& ids;
  telemetry::Conditions& conditions;
  base::Logger& log;
  const ConsumerSinks& sinks;
  const telemetry::Tracer* tracer = nullptr;    // null: nothing is traced
  const cameras::Directory* cameras = nullptr;  // what is configured for single ones
};

// Pulls frames from the moment it exists. It ends in this order: Stop, Drain, the end of the pool's
// workers, Finish, its destruction, the pool's.
class ConsumerParts {
 public:
  // Nothing when consumer.enabled is off. Fails with kConfig when a file that is named cannot be
  // used; an upstream that is away is no failure.
  static base::Result<std::unique_ptr<ConsumerParts>> Start(const ConsumerContext& context);
  ~ConsumerParts();

  // No pull begins from now on; an answer that is on its way is waited for until `end`.
  void Stop(const base::Deadline& end);

  // Finishes what is held, or gives it back where the upstream takes it back; takes leave of the
  // orchestrator. At `end` what is in work is told to stop and has `after_cancel` to come back.
  // Returns how many frames it gives up, which is logged: with an upstream that takes them back
  // they are somebody else's in a while.
  std::uint64_t Drain(const base::Deadline& end, std::chrono::milliseconds after_cancel);

  // Takes leave of the upstream until `end`: what it takes yet are results for the sinks, to be
  // delivered after this. Nothing is settled any more.
  void Finish(const base::Deadline& end);

  // Once finished: whether all that it was at ends until `end`, which a disk with frames' files
  // that hangs keeps it from. If not, nor does the destructor.
  bool AwaitEnd(const base::Deadline& end);

  // Settles what workers have been at for `limit` as dead.
  void GiveUpStuck(std::chrono::milliseconds limit);

  consumer::Readings readings() const;
  std::vector<ClientReading> clients() const;  // of the upstreams that there are

 private:
  class Impl;
  explicit ConsumerParts(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::service
