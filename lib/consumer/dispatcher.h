// Brings pulled frames to the workers, and what became of them to the source and the sinks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "consumer/camera_order.h"
#include "consumer/frame_source.h"
#include "consumer/held_frame.h"
#include "consumer/ledger.h"
#include "consumer/options.h"
#include "consumer/pixels.h"
#include "consumer/sink_set.h"
#include "consumer/waiting_room.h"
#include "frame/frame_result.h"
#include "process/batcher.h"
#include "process/worker_pool.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// What a dispatcher works with; all of it must outlive the dispatcher.
struct DispatcherContext {
  FrameSource& source;
  const SinkSet& sinks;
  PixelLoader& pixels;
  process::WorkerPool& pool;
  process::WorkContext work;
  resources::MemoryBudget& budget;
  telemetry::Conditions& conditions;
  Ledger& ledger;
  base::Logger& log;
};

struct DispatcherOptions {
  const Options& consumer;
  const process::Options& process;
};

// Thread-safe. A frame is held from Accept until the source has taken its settlement. The rules:
//
//   - no more frames are with the workers than keep them busy; the rest waits here, where policy,
//     age and a stop can still reach it (WaitingRoom)
//   - a suspect is worked alone, so that it takes nobody along when it ends the process; but the
//     others wait for no longer than a second, so that one that hangs does not stop them
//   - what failed by no fault of its own (no memory, no connection to the pixels) is tried
//     max_retries times more; what cannot be done is dead at once
//   - results of a camera go out in its frames' order (CameraOrder)
//   - a frame whose worker does not come back is dead once it is given up (GiveUpStuck): who the
//     culprit is, is known here, unlike with a process that died
//
// The pool must have ended before Stop, and the source before the dispatcher: what it still has to
// say of settlements comes here.
class Dispatcher {
 public:
  Dispatcher(DispatcherContext context, const DispatcherOptions& options);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // How many more frames may be pulled. Waits, for `patience` at most, until there is room for a
  // whole batch, or for any while the workers have nothing left to begin.
  std::size_t AwaitRoom(std::chrono::milliseconds patience);

  // Takes frames that were pulled, in their order.
  void Accept(std::vector<Delivery> deliveries);

  // Begins no more work: what waits is returned where the source takes it back, else finished.
  // Returns how many frames are still held when none is, or `end` has come.
  std::uint64_t Drain(const base::Deadline& end);

  // Work on frames ends at its next check; they are returned.
  void Cancel() { cancel_.Cancel(); }

  // Settles what workers have been at for `limit` as dead, with the reason "stuck"; a result that
  // comes later is thrown away. With no other worker left, what waits for one is returned where the
  // source takes it back.
  void GiveUpStuck(std::chrono::milliseconds limit);

  // Ends this object's threads: nothing is settled from now on. Once the pool takes no more.
  void Stop();

  // The age of the oldest frame that waits; zero when none does.
  std::chrono::nanoseconds OldestAge() const;

 private:
  // A suspect that the others wait for, at most so long.
  struct Alone {
    std::uint64_t number;
    base::Deadline longest;
  };
  enum class Stage {
    kWaits,   // with the batcher or the pool
    kInWork,  // with a worker
    kOurs,    // with this object, to be settled or tried again
  };
  // A frame that has been handed on.
  struct Handed {
    HeldPtr held;
    Stage stage = Stage::kWaits;
    base::MonoTime since{};  // when it came to this stage
  };
  struct Looked {
    frame::FrameResult result;
    std::string record;
  };
  using Lock = std::unique_lock<std::mutex>;

  void Feed();
  void Hand(const HeldPtr& held);
  bool MayStart();
  void PassStuckSuspect();
  void TakeBack(const HeldFrame& held);
  HeldPtr TakeNext();
  std::size_t Room() const;
  bool IsWorthAPull() const;
  void WatchAge();

  void Start(const HeldPtr& held, process::BatchPart part);
  void Work(const HeldPtr& held, process::Processor& processor, process::CameraTurns::Turn turn,
            process::BatchPart& part);
  base::Result<std::optional<Looked>> LookAt(HeldFrame& held, process::Processor& processor,
                                             process::CameraTurns::Turn turn);
  bool Enter(const HeldFrame& held, Stage stage);
  base::Result<void> LoadPixels(HeldFrame& held);
  void Fail(const HeldPtr& held, const base::Error& error);
  void TryLater(const HeldPtr& held);
  std::string Record(const HeldFrame& held, const frame::FrameResult& result) const;
  bool TooOld(const HeldFrame& held) const;

  HeldPtr Hold(Delivery delivery);
  void Leave(const HeldPtr& held, bool was_handed, Ending ending, std::string text = {});
  void SettleInOrder(const HeldFrame& held, Ending ending, std::string id, std::string text);
  void Settled(Ending ending, const ResultRecord& record, std::string_view reason, bool ours);

  const DispatcherContext context_;
  const Options& options_;
  const process::Options& process_;
  const std::size_t hand_limit_;
  const std::size_t hold_limit_;
  base::CancelFlag cancel_;
  CameraOrder order_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WaitingRoom waiting_;             // guarded by mutex_
  std::uint64_t next_number_ = 1;   // guarded by mutex_
  std::size_t held_ = 0;            // guarded by mutex_
  std::size_t without_memory_ = 0;  // guarded by mutex_; held ones without a reservation
  std::optional<Alone> alone_;      // guarded by mutex_; while a suspect is worked alone
  std::set<std::uint64_t> stuck_;   // guarded by mutex_; suspects that nobody waits for any more
  std::map<std::uint64_t, Handed> handed_;  // guarded by mutex_; by the frame's number
  base::MonoTime not_before_{};             // guarded by mutex_; a pause after the pool refused
  bool without_workers_ = false;            // guarded by mutex_; all of them are stuck
  bool draining_ = false;                   // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  bool said_old_ = false;                   // guarded by mutex_

  std::unique_ptr<process::BatchWorkers> workers_;
  process::Batcher batcher_;
  std::jthread feeder_;
};

}  // namespace sampleproc::consumer
