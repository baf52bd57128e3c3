// A sink whose other side takes time, or is away.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "consumer/backoff.h"
#include "consumer/result_sink.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// Where a queue's records go. Used by the queue's thread.
class SinkTarget {
 public:
  virtual ~SinkTarget() = default;

  virtual std::string_view name() const = 0;

  // Of the records, from the first on: so many have been delivered or refused for good.
  struct Settled {
    std::size_t delivered = 0;
    std::size_t refused = 0;
  };

  // Delivers some of the records, of which there is at least one, from the first on. Fails when not
  // even the first could be delivered; it is tried again, after `retry_after` where that is said.
  // What failed may have arrived: records are delivered at least once.
  virtual base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                        const base::Allowance& allowance) = 0;
};

// Holds records up to the size of a reservation, so that no stranger's frames take the room of
// results, and delivers them in order on a thread of its own. A change between working and failing
// is logged once.
class SinkQueue final : public ResultSink {
 public:
  // `log` must outlive the queue.
  SinkQueue(std::unique_ptr<SinkTarget> target, resources::Reservation room, Backoff backoff,
            base::Logger& log);
  // What is held is lost.
  ~SinkQueue() override;

  std::string_view name() const override { return target_->name(); }
  void Take(const ResultRecord& record) override;
  void Flush(const base::Deadline& end) override;
  SinkCounts counts() const override;

 private:
  using Lock = std::unique_lock<std::mutex>;

  void Run();
  std::vector<const ResultRecord*> NextBatch() const;
  void Settle(const SinkTarget::Settled& settled);
  void Note(const base::Result<SinkTarget::Settled>& delivered);
  void PauseAfter(const base::Error& error, Lock& lock);

  const std::unique_ptr<SinkTarget> target_;
  const resources::Reservation room_;
  const Backoff backoff_;
  base::Logger& log_;
  const base::CancelFlag cancel_;
  int failures_ = 0;  // in a row; the thread's own

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_. The thread reads the records of a batch without it: they stay where they are
  // until the thread takes them out.
  std::deque<ResultRecord> held_;
  std::size_t held_bytes_ = 0;  // guarded by mutex_
  SinkCounts counts_;           // guarded by mutex_
  bool hurry_ = false;          // guarded by mutex_; somebody waits for the end
  bool closing_ = false;        // guarded by mutex_
  bool said_lost_ = false;      // guarded by mutex_; since there was last room

  std::jthread thread_;
};

}  // namespace sampleproc::consumer
