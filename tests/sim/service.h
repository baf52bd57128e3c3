// A service's consumer with all that it has in production, in a simulated world.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/options.h"
#include "consumer/consumer.h"
#include "consumer/dispatch_threads.h"
#include "consumer/sources/spool.h"
#include "sim/disk.h"
#include "sim/neighbours.h"
#include "sim/sources.h"
#include "sim/world.h"
#include "telemetry/conditions.h"

namespace sampleproc::sim {

// What is there before the service starts and after it has ended.
struct Outside {
  explicit Outside(World& world);

  Stream stream;
  std::size_t buffer_next = 0;
  std::vector<std::unique_ptr<Receiver>> receivers;
  std::optional<Disk> disk;  // with the spool; none without one
};

class SimService {
 public:
  // `number`: how many have been there before it.
  SimService(World& world, Outside& outside, int number);
  // Checks that all memory has been given back.
  ~SimService();

  // What the service's own clock does four times a second: the memory that others take, workers
  // that do not come back.
  void Tick();
  // What it tells to be wrong.
  std::vector<telemetry::Condition> conditions() const { return conditions_.List(); }
  std::optional<Time> failing_since() const { return source_->failing_since(); }
  // The order of a stop: no more pulls, what is held, what waits for the sinks. False when a worker
  // does not come back: the process then ends with it.
  bool Stop();
  // Checks what must hold once it has been stopped.
  void CheckEnd();

 private:
  std::vector<std::unique_ptr<consumer::ResultSink>> MakeSinks(Outside& outside);
  void TakeMemory();

  World& world_;
  WorldLog log_{world_};
  const base::Clock& clock_ = base::SystemClock();
  telemetry::Conditions conditions_{clock_, log_};
  codec::Options codec_;
  frame::Options limits_;
  resources::MemoryBudget budget_;
  telemetry::Registry registry_{clock_};
  process::Metrics frames_{registry_, clock_};
  consumer::Metrics metrics_{registry_};
  process::FrameTracker tracker_;
  std::optional<process::CameraStates> cameras_;
  consumer::EntryPixels pixels_;
  std::optional<consumer::SinkSet> sinks_;
  consumer::Ledger ledger_;
  std::unique_ptr<consumer::Spool> spool_;
  std::optional<consumer::SpoolKeeper> keeper_;
  std::unique_ptr<process::WorkerPool> pool_;
  std::unique_ptr<SimSource> source_;
  std::optional<consumer::DispatchThreads> dispatch_;
  std::optional<consumer::Consumer> consumer_;
  resources::Reservation taken_;  // by others
};

}  // namespace sampleproc::sim
