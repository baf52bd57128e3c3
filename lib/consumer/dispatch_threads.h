// A dispatcher with the threads that it needs.
#pragma once

#include "consumer/dispatcher.h"
#include "consumer/pixels/fetch_threads.h"
#include "consumer/pool_workers.h"
#include "consumer/wakeup_thread.h"

namespace sampleproc::consumer {

class DispatchThreads {
 public:
  // All of it must outlive the object.
  struct Context {
    FrameSource& source;
    const SinkSet& sinks;
    PixelLoader& pixels;
    process::WorkerPool& pool;
    process::WorkContext work;
    resources::MemoryBudget& budget;
    Ledger& ledger;
    telemetry::Conditions& conditions;
    base::Logger& log;
    const MessageTraces* traces = nullptr;
    const cameras::Directory* cameras = nullptr;  // as DispatcherContext
    const base::Clock* worker_cpu = nullptr;      // likewise
  };

  DispatchThreads(const Context& context, const DispatcherOptions& options);
  // Stops.
  ~DispatchThreads() { Stop(); }

  Dispatcher& dispatcher() { return dispatcher_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }

  // Ends fetches and threads: nothing is settled from now on. Once the pool takes no more.
  void Stop();

 private:
  FetchThreads fetchers_;
  PoolWorkers workers_;
  WakeupThread wakeups_;
  Dispatcher dispatcher_;
};

}  // namespace sampleproc::consumer
