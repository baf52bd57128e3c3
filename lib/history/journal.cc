#include "history/journal.h"

#include <exception>

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;

std::int64_t MicrosOf(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

}  // namespace

Journal::Journal(const Options& options, JournalContext context, resources::Reservation room)
    : options_(options),
      context_(std::move(context)),
      room_(std::move(room)),
      feed_(keeps() ? std::make_shared<Feed>(
                          [this](Feed::Request request) { Fetch(std::move(request)); })
                    : std::make_shared<Feed>(MicrosOf(context_.clock.Wall()))) {
  if (keeps()) thread_ = std::jthread([this] { Run(); });
}

Journal::~Journal() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.NotifyAll();
  feed_->Close();
}

void Journal::Take(const frame::Event& event) noexcept {
  if (!keeps()) TellAtOnce(event);
  bool is_told = !keeps();
  try {
    RecordPtr record = MakeRecord(event, context_.clock.Wall());
    if (!keeps()) {
      feed_->Tell({0, std::move(record)});
      return;
    }
    const std::size_t bytes = record->bytes();
    bool at_once = false;
    std::uint64_t turn = 0;
    {
      const MutexLock lock(mutex_);
      untold_.push_back({event, turns_ + 1});
      turn = ++turns_;
      is_told = true;  // when its turn comes
      at_once = finishing_ || closing_ || untold_.size() > kMostHeldBack || IsHeldUp();
      if (!finishing_ && !closing_) {
        if (waiting_ >= kMostWaiting || waiting_bytes_ + bytes > kMostWaitingBytes) {
          ++counts_.dropped;
          at_once = true;
        } else {
          if (incoming_.empty()) first_came_ = context_.clock.Now();
          incoming_.push_back({std::move(record), turn});
          ++waiting_;
          waiting_bytes_ += bytes;
        }
      }
    }
    changed_.NotifyAll();
    if (at_once) TellUpTo(turn);
  } catch (const std::exception&) {  // no memory
    {
      const MutexLock lock(mutex_);
      ++counts_.dropped;
    }
    if (!is_told) TellAtOnce(event);
  }
}

void Journal::Fetch(Feed::Request request) {
  const MutexLock lock(mutex_);
  if (closing_) return;  // the feed is closed, too, or about to be
  fetches_.emplace_back([this, request = std::move(request)](Store* store, const std::string& why) {
    if (store == nullptr) return feed_->Supply(request.to, Fail(ErrorCode::kUnavailable, why));
    feed_->Supply(request.to, store->After(request.filter, request.after, Feed::kPageMessages,
                                           base::Allowance().Within(kLongestQuestion)));
  });
  changed_.NotifyAll();
}

Result<void> Journal::Ask(Question question) {
  const MutexLock lock(mutex_);
  if (closing_) return Fail(ErrorCode::kShuttingDown, "the history is closed: the service ends");
  if (questions_.size() >= kMostQuestions) {
    return Fail(ErrorCode::kOverloaded, "too many questions to the history wait already");
  }
  questions_.push_back(std::move(question));
  changed_.NotifyAll();
  return {};
}

void Journal::List(Filter filter, std::int64_t before, std::size_t most,
                   const base::Allowance& allowance, OnPage answer) {
  const auto shared = std::make_shared<OnPage>(std::move(answer));
  auto asked = Ask([=, filter = std::move(filter)](Store* store, const std::string& why) {
    if (store == nullptr) return (*shared)(Fail(ErrorCode::kUnavailable, why));
    (*shared)(store->List(filter, before, most, allowance.Within(kLongestQuestion)));
  });
  if (!asked) (*shared)(std::unexpected(std::move(asked.error())));
}

void Journal::Find(std::string event_id, std::size_t most, const base::Allowance& allowance,
                   OnRows answer) {
  const auto shared = std::make_shared<OnRows>(std::move(answer));
  auto asked = Ask([=, event_id = std::move(event_id)](Store* store, const std::string& why) {
    if (store == nullptr) return (*shared)(Fail(ErrorCode::kUnavailable, why));
    (*shared)(store->Find(event_id, most, allowance.Within(kLongestQuestion)));
  });
  if (!asked) (*shared)(std::unexpected(std::move(asked.error())));
}

void Journal::BeginFinish(const base::Deadline& end) {
  const base::Deadline soon =
      base::Deadline::Earlier(end, base::Deadline(context_.clock, kHeldBack));
  {
    const MutexLock lock(mutex_);
    finishing_ = true;
    retry_at_ = context_.clock.Now();
    changed_.NotifyAll();
    while (!untold_.empty() && !given_up_ && !soon.Expired()) changed_.WaitUntil(mutex_, soon);
  }
  TellUpTo(kAll);
}

std::size_t Journal::Finish(const base::Deadline& end) {
  std::size_t lost = 0;
  {
    const MutexLock lock(mutex_);
    finishing_ = true;
    retry_at_ = context_.clock.Now();
    changed_.NotifyAll();
    while (waiting_ > 0 && !given_up_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
    const base::Deadline soon =
        base::Deadline::Earlier(end, base::Deadline(context_.clock, kLongestArrival));
    while (!has_arrived_ && !given_up_ && !soon.Expired()) changed_.WaitUntil(mutex_, soon);
    lost = waiting_;
    closing_ = true;
  }
  changed_.NotifyAll();
  feed_->Close();
  TellUpTo(kAll);
  return lost;
}

bool Journal::AwaitEnd(const base::Deadline& end) {
  const MutexLock lock(mutex_);
  while (keeps() && !ended_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
  return !keeps() || ended_;
}

// The thread itself clears the condition, or has another reason, as soon as it goes on.
void Journal::LookAfter() {
  bool held_up = false;
  {
    const MutexLock lock(mutex_);
    held_up = IsHeldUp();
  }
  if (held_up) TellUpTo(kAll);
  // Under the lock, so that what the thread tells afterwards comes afterwards.
  const MutexLock lock(mutex_);
  if (!busy_ || context_.clock.Now() - *busy_ < kSlowDisk) return;
  context_.conditions.Raise(telemetry::condition::kHistory, {},
                            options_.path + ": the disk does not answer, or is very slow; " +
                                std::to_string(waiting_) + " messages wait to be stored");
}

JournalCounts Journal::counts() const {
  const MutexLock lock(mutex_);
  JournalCounts counts = counts_;
  counts.waiting = waiting_;
  return counts;
}

}  // namespace sampleproc::history
