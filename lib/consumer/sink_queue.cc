#include "consumer/sink_queue.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sampleproc::consumer {
namespace {

using base::Result;
using std::chrono::milliseconds;

constexpr std::size_t kMostTogether = 64;
constexpr std::size_t kMostBytesTogether = 1U << 20;
// Besides its text.
constexpr std::size_t kRecordOverhead = 128;
constexpr milliseconds kLongestRetryAfter{60'000};
constexpr milliseconds kHurriedPause{50};
constexpr milliseconds kLook{50};

std::size_t BytesOf(const ResultRecord& record) {
  return record.frame_id.size() + record.json.size() + kRecordOverhead;
}

}  // namespace

SinkQueue::SinkQueue(std::unique_ptr<SinkTarget> target, resources::Reservation room,
                     Backoff backoff, base::Logger& log)
    : target_(std::move(target)),
      room_(std::move(room)),
      backoff_(std::move(backoff)),
      log_(log),
      thread_([this] { Run(); }) {}

SinkQueue::~SinkQueue() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  cancel_.Cancel();
  thread_.join();
}

void SinkQueue::Take(const ResultRecord& record) {
  const std::size_t bytes = BytesOf(record);
  const std::lock_guard lock(mutex_);
  ++counts_.taken;
  if (held_bytes_ + bytes > room_.bytes()) {
    ++counts_.lost;
    if (std::exchange(said_lost_, true)) return;
    log_.Error("sink: results are lost, there is no room to keep them (consumer.sink_buffer)",
               {{"sink", name()}, {"held_bytes", static_cast<std::int64_t>(held_bytes_)}});
    return;
  }
  held_bytes_ += bytes;
  held_.push_back(record);
  changed_.notify_all();
}

void SinkQueue::Flush(const base::Deadline& end) {
  Lock lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
  while (!held_.empty() && !end.Expired()) changed_.wait_for(lock, kLook);
  hurry_ = false;
}

SinkCounts SinkQueue::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void SinkQueue::Run() {
  Lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !held_.empty(); });
    if (closing_) return;
    const auto batch = NextBatch();
    lock.unlock();
    Result<SinkTarget::Settled> delivered;
    try {
      delivered = target_->Deliver(batch, {.cancel = cancel_});
    } catch (const std::exception& error) {
      delivered = base::Fail(base::ErrorCode::kInternal, error.what());
    }
    Note(delivered);
    lock.lock();
    counts_.failing = !delivered;
    if (delivered) {
      Settle(*delivered);
    } else {
      PauseAfter(delivered.error(), lock);
    }
  }
}

// Under the lock.
std::vector<const ResultRecord*> SinkQueue::NextBatch() const {
  std::vector<const ResultRecord*> batch;
  std::size_t bytes = 0;
  for (const ResultRecord& each : held_) {
    bytes += each.json.size();
    if (!batch.empty() && (batch.size() == kMostTogether || bytes > kMostBytesTogether)) break;
    batch.push_back(&each);
  }
  return batch;
}

// Under the lock.
void SinkQueue::Settle(const SinkTarget::Settled& settled) {
  for (std::size_t i = 0; i < settled.delivered + settled.refused; ++i) {
    held_bytes_ -= BytesOf(held_.front());
    held_.pop_front();
  }
  counts_.delivered += settled.delivered;
  counts_.refused += settled.refused;
  said_lost_ = false;
  changed_.notify_all();
}

void SinkQueue::Note(const Result<SinkTarget::Settled>& delivered) {
  if (delivered) {
    if (failures_ > 0) {
      log_.Info("sink: results are delivered again",
                {{"sink", name()}, {"failures", std::int64_t{failures_}}});
    }
    failures_ = 0;
    return;
  }
  const base::Error& error = delivered.error();
  if (error.code == base::ErrorCode::kCancelled || failures_++ > 0) return;
  log_.Warning("sink: results cannot be delivered",
               {{"sink", name()},
                {"error_type", base::ErrorCodeName(error.code)},
                {"error", std::string_view(error.message)}});
}

// Under the lock.
void SinkQueue::PauseAfter(const base::Error& error, Lock& lock) {
  milliseconds pause = backoff_(std::max(failures_, 1));
  if (error.retry_after) {
    pause = std::max(pause, std::min(milliseconds(*error.retry_after), kLongestRetryAfter));
  }
  const base::Deadline over(base::SystemClock(), pause);
  const base::Deadline soon(base::SystemClock(), kHurriedPause);
  while (!closing_ && !over.Expired() && !(hurry_ && soon.Expired())) {
    changed_.wait_for(lock, std::min(pause, kLook));
  }
}

}  // namespace sampleproc::consumer
