// A sink whose other side takes time, or is away.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "consumer/result_sink.h"
#include "resilience/backoff.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"
#include "telemetry/first_few.h"

namespace sampleproc::consumer {

// Where a queue's records go. Used by the queue's thread.
class SinkTarget {
 public:
  virtual ~SinkTarget() = default;

  virtual std::string_view name() const = 0;

  // Where records go, without credentials: "http://host:8080/path". "" where errors say it.
  virtual std::string place() const { return {}; }

  // Of the records, from the first on: so many have been delivered or refused for good.
  struct Settled {
    std::size_t delivered = 0;
    std::size_t refused = 0;
    std::string refusal = {};                    // why the last of those was: one sentence
    const ResultRecord* last_refused = nullptr;  // that one; null: it has been told
  };

  // Delivers some of the records, of which there is at least one, from the first on. Fails when not
  // even the first could be delivered; it is tried again, after `retry_after` where that is said.
  // What failed may have arrived: records are delivered at least once. What throws, other than
  // for want of memory, costs the first record.
  virtual base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                        const base::Allowance& allowance) = 0;
};

// What a queue works with; all of it must outlive the queue.
struct SinkQueueContext {
  const base::Clock& clock;
  telemetry::Conditions& conditions;
  base::Logger& log;
};

// Holds records up to the size of a reservation, so that no stranger's frames take the room of
// results, and delivers them in order on a thread of its own. That nothing can be delivered, that a
// delivery has no answer for kOverdue, that records wait for kBehind, that results are refused, and
// that they are lost for want of room, is the condition `sink`, by the target's name.
class SinkQueue final : public ResultSink {
 public:
  static constexpr std::chrono::seconds kOverdue{5};
  // A delivery that has not ended after so long, be it that its answer drips, has failed.
  static constexpr std::chrono::seconds kLongestDelivery{30};
  // The oldest record has waited for so long: it takes them more slowly than they come. As long as
  // for frames (OldFrames). Over when none has waited for half of it.
  static constexpr std::chrono::seconds kBehind{10};
  // A refusal is over when records were delivered and none was refused for so long; a loss when
  // half of the room is free and none was lost for so long.
  static constexpr std::chrono::seconds kThrownAwayLasts{5};

  SinkQueue(std::unique_ptr<SinkTarget> target, resources::Reservation room,
            resilience::Backoff backoff, const SinkQueueContext& context);
  // What is held is lost. Waits for a delivery that is under way: see Close.
  ~SinkQueue() override;

  std::string_view name() const override { return target_->name(); }
  void Take(const ResultRecord& record) override;
  void Hurry() override;
  void Flush(const base::Deadline& end) override;
  bool Close(const base::Deadline& end) override;
  void Look() override;
  SinkCounts counts() const override;
  std::uint64_t HeldForAgain() const override;

 private:
  struct Held {
    ResultRecord record;
    base::MonoTime since;
  };

  struct Refusal {
    std::string reason;
    base::MonoTime last;
    bool delivered_since = false;
  };

  struct Loss {
    std::uint64_t lost = 0;     // for good
    std::uint64_t put_off = 0;  // made again
    base::MonoTime last;
  };

  void Run() noexcept;
  bool AwaitRecords();
  base::Result<SinkTarget::Settled> DeliverSome() noexcept;
  std::vector<const ResultRecord*> NextBatch();
  void Settle(const base::Result<SinkTarget::Settled>& delivered,
              std::chrono::milliseconds pause) noexcept;
  void NoteFailure(const base::Error& error, std::chrono::milliseconds pause) noexcept
      REQUIRES(mutex_);
  std::chrono::milliseconds PauseAfter(const base::Error& error) const noexcept;
  void Pause(std::chrono::milliseconds pause) noexcept;
  static void Note(std::string& reason, const std::string& text) noexcept;
  void TellIfPossible() noexcept REQUIRES(mutex_);
  bool Keep(const ResultRecord& record) REQUIRES(mutex_);
  void Lose(const ResultRecord& record, bool again) REQUIRES(mutex_);
  void TellRefused(const SinkTarget::Settled& delivered);
  std::optional<std::chrono::seconds> Overdue() const REQUIRES(mutex_);
  std::chrono::nanoseconds OldestAge() const REQUIRES(mutex_);
  std::string Problem() const REQUIRES(mutex_);
  void Tell() REQUIRES(mutex_);

  const std::unique_ptr<SinkTarget> target_;
  const resources::Reservation room_;
  const resilience::Backoff backoff_;
  const SinkQueueContext context_;
  const base::CancelFlag cancel_;
  int failures_ = 0;                  // in a row; the thread's own
  telemetry::FirstFew few_refusals_;  // the thread's own

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  // The thread reads the records of a batch without the lock: they stay where they are until the
  // thread takes them out.
  std::deque<Held> held_ GUARDED_BY(mutex_);
  std::size_t held_bytes_ GUARDED_BY(mutex_) = 0;
  SinkCounts counts_ GUARDED_BY(mutex_);
  std::string failure_ GUARDED_BY(mutex_);  // of the last attempt; "" when it succeeded
  std::optional<base::MonoTime> delivering_since_ GUARDED_BY(mutex_);
  std::optional<Refusal> refusal_ GUARDED_BY(mutex_);
  std::optional<Loss> loss_ GUARDED_BY(mutex_);
  bool behind_ GUARDED_BY(mutex_) = false;
  bool hurry_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;  // the thread is at its end

  std::jthread thread_;
};

}  // namespace sampleproc::consumer
