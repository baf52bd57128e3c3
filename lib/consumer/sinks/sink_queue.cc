#include "consumer/sinks/sink_queue.h"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <utility>

#include "base/out_of_memory.h"
#include "consumer/record_log.h"
#include "resilience/next_try.h"
#include "resilience/retry_policy.h"

namespace sampleproc::consumer {
namespace {

using base::Result;
using std::chrono::milliseconds;

constexpr std::size_t kMostTogether = 64;
constexpr std::size_t kMostBytesTogether = 1U << 20;
// Besides its text.
constexpr std::size_t kRecordOverhead = 160;
constexpr milliseconds kHurriedPause{200};

std::size_t BytesOf(const ResultRecord& record) {
  return record.frame_id.size() + record.json.size() + record.traceparent.size() +
         record.tracestate.size() + record.event_key.size() + record.camera_id.size() +
         kRecordOverhead;
}

}  // namespace

SinkQueue::SinkQueue(std::unique_ptr<SinkTarget> target, resources::Reservation room,
                     resilience::Backoff backoff, const SinkQueueContext& context)
    : target_(std::move(target)),
      room_(std::move(room)),
      backoff_(std::move(backoff)),
      context_(context),
      thread_([this] { Run(); }) {}

SinkQueue::~SinkQueue() {
  Close(base::Deadline(base::SystemClock(), milliseconds(0)));
  thread_.join();
}

bool SinkQueue::Close(const base::Deadline& end) {
  {
    const base::MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.NotifyAll();
  cancel_.Cancel();
  const base::MutexLock lock(mutex_);
  while (!ended_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
  return ended_;
}

void SinkQueue::Take(const ResultRecord& record) {
  {
    const base::MutexLock lock(mutex_);
    if (Keep(record)) {
      ++counts_.taken;
      return changed_.NotifyAll();
    }
  }
  const bool again = record.IsMadeAgain();  // without the lock: it asks the disk
  const base::MutexLock lock(mutex_);
  ++counts_.taken;
  Lose(record, again);
}

void SinkQueue::Lose(const ResultRecord& record, bool again) {
  if (!loss_) loss_ = Loss{};
  loss_->last = context_.clock.Now();
  ++counts_.lost;
  if (again) ++counts_.put_off;
  if ((again ? loss_->put_off : loss_->lost)++ > 0) return;
  RecordLog(record, context_.log)
      .Write(again ? base::LogLevel::kWarning : base::LogLevel::kError,
             again ? "sink: results are put off, there is no room to keep them "
                     "(consumer.sink_buffer): their frames stay in the spool and are done again"
                   : "sink: results are lost, there is no room to keep them (consumer.sink_buffer)",
             {{"sink", name()}, {"held_bytes", static_cast<std::int64_t>(held_bytes_)}});
}

bool SinkQueue::Keep(const ResultRecord& record) {
  const std::size_t bytes = BytesOf(record);
  if (held_bytes_ + bytes > room_.bytes()) return false;
  try {
    held_.push_back({record, context_.clock.Now()});
  } catch (const std::bad_alloc&) {
    return false;
  }
  held_bytes_ += bytes;
  return true;
}

void SinkQueue::Hurry() {
  const base::MutexLock lock(mutex_);
  hurry_ = true;
  changed_.NotifyAll();
}

void SinkQueue::Flush(const base::Deadline& end) {
  Hurry();
  const base::MutexLock lock(mutex_);
  while (!held_.empty() && !end.Expired()) changed_.WaitUntil(mutex_, end);
}

SinkCounts SinkQueue::counts() const {
  const base::MutexLock lock(mutex_);
  SinkCounts counts = counts_;
  counts.losing = loss_.has_value();
  counts.failing = !failure_.empty() || Overdue() || behind_ || refusal_ || loss_;
  return counts;
}

std::uint64_t SinkQueue::HeldForAgain() const {
  std::map<std::shared_ptr<const SpooledAnswer>, std::uint64_t> records;
  {
    const base::MutexLock lock(mutex_);
    for (const Held& each : held_) {
      if (each.record.spooled) ++records[each.record.spooled];
    }
  }
  std::uint64_t count = 0;  // without the lock: it asks the disk
  for (const auto& [answer, of_it] : records) count += answer->IsThere() ? of_it : 0;
  return count;
}

// For how long the delivery that is under way has had no answer, when that is too long.
std::optional<std::chrono::seconds> SinkQueue::Overdue() const {
  if (!delivering_since_) return std::nullopt;
  const auto waited = context_.clock.Now() - *delivering_since_;
  if (waited < kOverdue) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(waited);
}

std::chrono::nanoseconds SinkQueue::OldestAge() const {
  if (held_.empty()) return std::chrono::nanoseconds(0);
  return context_.clock.Now() - held_.front().since;
}

std::string SinkQueue::Problem() const {
  std::string problem;
  const auto also = [&problem](const std::string& text) {
    problem += problem.empty() ? text : "; " + text;
  };
  if (!failure_.empty()) {
    also("results cannot be delivered" + failure_);
  } else if (const auto waited = Overdue()) {
    also("a result that was sent has no answer for " + std::to_string(waited->count()) + " s");
  } else if (behind_ && !loss_) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(OldestAge());
    also("it takes results more slowly than they come: the oldest of " +
         std::to_string(held_.size()) + " has waited for " + std::to_string(age.count()) + " s");
  }
  if (failure_.empty() && !Overdue() && refusal_) {
    also("results are refused and counted as such: " + refusal_->reason);
  }
  if (loss_) {
    std::string fate;
    if (loss_->lost > 0) fate = std::to_string(loss_->lost) + " are lost so far";
    if (loss_->put_off > 0) {
      fate += (fate.empty() ? "" : ", ") + std::to_string(loss_->put_off) +
              " are put off so far, their frames stay in the spool and are done again";
    }
    also("it takes results more slowly than they come, and consumer.sink_buffer is full: " + fate);
  }
  return problem;
}

void SinkQueue::Tell() {
  const auto over = [now = context_.clock.Now()](base::MonoTime last) {
    return now - last >= kThrownAwayLasts;
  };
  if (refusal_ && refusal_->delivered_since && over(refusal_->last)) refusal_.reset();
  if (loss_ && held_bytes_ <= room_.bytes() / 2 && over(loss_->last)) loss_.reset();
  behind_ = OldestAge() >= (behind_ ? kBehind / 2 : kBehind);
  const std::string problem = Problem();
  if (problem.empty()) {
    context_.conditions.Clear(telemetry::condition::kSink, name());
  } else {
    context_.conditions.Raise(telemetry::condition::kSink, name(), problem);
  }
}

void SinkQueue::Look() {
  const base::MutexLock lock(mutex_);
  Tell();
}

void SinkQueue::Run() noexcept {
  while (AwaitRecords()) {
    const auto delivered = DeliverSome();
    const milliseconds pause = delivered ? milliseconds(0) : PauseAfter(delivered.error());
    Settle(delivered, pause);
    if (!delivered) Pause(pause);
  }
  const base::MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

// Without memory for the whole reason, some reason.
void SinkQueue::Note(std::string& reason, const std::string& text) noexcept {
  try {
    reason = text;
  } catch (const std::exception&) {
    reason = "no memory";
  }
}

// A condition that there is no memory to tell is told by the next Look.
void SinkQueue::TellIfPossible() noexcept {
  try {
    Tell();
  } catch (const std::exception&) {
    return;
  }
}

// False: it is the end.
bool SinkQueue::AwaitRecords() {
  const base::MutexLock lock(mutex_);
  while (!closing_ && held_.empty()) changed_.Wait(mutex_);
  return !closing_;
}

Result<SinkTarget::Settled> SinkQueue::DeliverSome() noexcept {
  std::vector<const ResultRecord*> batch;
  try {
    batch = NextBatch();
    return target_->Deliver(
        batch, {.deadline = base::Deadline(context_.clock, kLongestDelivery), .cancel = cancel_});
  } catch (const std::bad_alloc&) {
    return base::OutOfMemory();
  } catch (const std::exception& error) {
    RecordLog(*batch.front(), context_.log)
        .Error("sink: a record is refused, its delivery threw",
               {{"sink", name()}, {"error", std::string_view(error.what())}});
    return SinkTarget::Settled{.delivered = 0, .refused = 1, .refusal = "a bug"};
  }
}

std::vector<const ResultRecord*> SinkQueue::NextBatch() {
  const base::MutexLock lock(mutex_);
  delivering_since_ = context_.clock.Now();
  std::vector<const ResultRecord*> batch;
  std::size_t bytes = 0;
  for (const auto& [each, since] : held_) {
    bytes += each.json.size();
    if (!batch.empty() && (batch.size() == kMostTogether || bytes > kMostBytesTogether)) break;
    batch.push_back(&each);
  }
  return batch;
}

// Thousands that are refused alike are told as such by their count; the first ones show which.
void SinkQueue::TellRefused(const SinkTarget::Settled& delivered) {
  if (delivered.last_refused == nullptr) return;
  const auto level =
      few_refusals_.Next(context_.clock.Now()) ? base::LogLevel::kWarning : base::LogLevel::kDebug;
  if (!context_.log.Enabled(level)) return;
  RecordLog(*delivered.last_refused, context_.log)
      .Write(level, "sink: a record is refused",
             {{"sink", name()}, {"error", std::string_view(delivered.refusal)}});
}

void SinkQueue::NoteFailure(const base::Error& error, milliseconds pause) noexcept {
  try {
    const std::string place = target_->place();
    failure_ =
        (place.empty() ? ": " : " to " + place + ": ") + error.message + resilience::NextTry(pause);
  } catch (const std::exception&) {
    Note(failure_, ": no memory");
  }
}

void SinkQueue::Settle(const Result<SinkTarget::Settled>& delivered, milliseconds pause) noexcept {
  if (delivered) TellRefused(*delivered);  // while it is held
  const base::MutexLock lock(mutex_);
  delivering_since_.reset();
  if (!delivered) {
    if (delivered.error().code == base::ErrorCode::kCancelled) return;
    ++failures_;
    NoteFailure(delivered.error(), pause);
    return TellIfPossible();
  }
  failures_ = 0;
  failure_.clear();
  for (std::size_t i = 0; i < delivered->delivered + delivered->refused; ++i) {
    held_bytes_ -= BytesOf(held_.front().record);
    held_.pop_front();
  }
  counts_.delivered += delivered->delivered;
  counts_.refused += delivered->refused;
  if (delivered->refused > 0) {
    refusal_ = Refusal{.reason = {}, .last = context_.clock.Now()};
    Note(refusal_->reason, delivered->refusal);
  } else if (refusal_ && delivered->delivered > 0) {
    refusal_->delivered_since = true;
  }
  TellIfPossible();
  changed_.NotifyAll();
}

milliseconds SinkQueue::PauseAfter(const base::Error& error) const noexcept {
  const milliseconds pause = backoff_(failures_ + 1);
  if (!error.retry_after) return pause;
  return std::max(pause,
                  std::min(milliseconds(*error.retry_after), resilience::kLongestRetryAfter));
}

void SinkQueue::Pause(milliseconds pause) noexcept {
  const base::Deadline over(base::SystemClock(), pause);
  const base::Deadline soon(base::SystemClock(), std::min(pause, kHurriedPause));
  const base::MutexLock lock(mutex_);
  while (!closing_ && !(hurry_ ? soon : over).Expired()) {
    changed_.WaitUntil(mutex_, hurry_ ? soon : over);
  }
}

}  // namespace sampleproc::consumer
