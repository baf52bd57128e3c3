#include "consumer/dispatch_threads.h"

namespace sampleproc::consumer {

DispatchThreads::DispatchThreads(const Context& context, const DispatcherOptions& options)
    : fetchers_(options.consumer.fetches, context.pixels, context.log),
      workers_(context.pool),
      wakeups_(context.work.clock),
      dispatcher_({context.source, context.sinks, context.pixels, fetchers_, workers_, wakeups_,
                   context.work, context.budget, context.ledger, context.conditions, context.log,
                   context.traces, context.cameras, context.worker_cpu},
                  options) {
  wakeups_.Run([this] { dispatcher_.Tick(); });
}

void DispatchThreads::Stop() {
  wakeups_.Stop();
  dispatcher_.Cancel();
  fetchers_.Stop();
  dispatcher_.Stop();
}

}  // namespace sampleproc::consumer
