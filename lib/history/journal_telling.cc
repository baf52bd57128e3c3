// How a journal tells messages, and what it does about those of the process before.
#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "frame/event_reader.h"
#include "history/journal.h"

namespace sampleproc::history {
namespace {

using base::MutexLock;
using base::Result;

constexpr std::chrono::milliseconds kFirstArrivalPause{1};
constexpr std::chrono::milliseconds kLongestArrivalPause{1'000};
// A batch waits for kBatchTime, and for its commit: what came so long before the last message that
// was stored is not missing because it was not stored yet.
constexpr std::chrono::seconds kCommitTakes{2};

// The end of a thing that was seen last with its last message.
frame::Event EndOf(frame::Event last) {
  last.type = frame::Event::Type::kEnd;
  last.end = last.time;
  last.reason = frame::Event::kRestart;
  last.entered.clear();
  last.left.clear();
  last.crossed.clear();
  return last;
}

}  // namespace

bool Journal::IsHeldUp() const { return busy_ && context_.clock.Now() - *busy_ >= kHeldBack; }

void Journal::TellUpTo(std::uint64_t turn) noexcept {
  const MutexLock telling(telling_);
  for (;;) {
    frame::Event next;
    {
      const MutexLock lock(mutex_);
      if (untold_.empty() || untold_.front().turn > turn) break;
      next = std::move(untold_.front().event);
      untold_.pop_front();
    }
    if (context_.on_told) context_.on_told({&next, 1});
  }
  changed_.NotifyAll();  // BeginFinish waits for it
}

void Journal::TellAtOnce(const frame::Event& event) noexcept {
  if (keeps()) TellUpTo(kAll);
  const MutexLock telling(telling_);
  if (context_.on_told) context_.on_told({&event, 1});
}

// Before anything is told that has a number: what was open belongs to a process that is no more.
void Journal::EndUnfinished() {
  const auto left_off = store_->LeftOff();
  if (!left_off) return Reopen(left_off.error());
  const auto left = store_->Unfinished();
  if (!left) return Reopen(left.error());
  std::vector<Held> held;
  std::vector<Untold> untold;
  std::size_t bytes = 0;
  for (const std::string& last : *left) {
    auto event = frame::ReadEvent(last);
    if (!event) continue;
    untold.push_back({EndOf(std::move(*event))});
    held.push_back({MakeRecord(untold.back().event, context_.clock.Wall())});
    bytes += held.back().record->bytes();
  }
  const std::int64_t newest = store_->newest();
  if (auto told = TellAgain(); !told) return Reopen(told.error());
  left_off_ = *left_off;
  held_.insert(held_.begin(), held.begin(), held.end());
  begun_ = true;
  feed_->Begin(newest);
  const MutexLock lock(mutex_);
  untold_.insert(untold_.begin(), untold.begin(), untold.end());
  waiting_ += held.size();
  waiting_bytes_ += bytes;
}

Result<void> Journal::TellAgain() {
  constexpr std::size_t kAtOnce = 64;
  const auto arrived = store_->Arrived();
  if (!arrived) return std::unexpected(arrived.error());
  // Numbers have no gaps but where a transaction has failed.
  std::int64_t last =
      std::max(*arrived, store_->newest() - static_cast<std::int64_t>(kMostToldAgain));
  if (last > *arrived) {
    context_.log.Warning("sinks get the last messages only of those that they had not got before",
                         {{"messages", static_cast<std::int64_t>(kMostToldAgain)}});
  }
  for (bool more = true; more;) {
    const auto page = store_->After({}, last, kAtOnce, base::Allowance().Within(kLongestQuestion));
    if (!page) return std::unexpected(page.error());
    more = page->size() == kAtOnce;
    for (const Message& message : *page) {
      last = message.id;
      const auto event = frame::ReadEvent(message.record->json);
      if (!event) continue;
      {
        const MutexLock telling(telling_);
        if (context_.on_told) context_.on_told({&*event, 1});
      }
      NoteUnderway(last);
    }
  }
  newest_ = std::max(newest_, store_->newest());
  return {};
}

// All up to the number has been told. One by one, so that of what arrives while one waits for the
// rest nothing is told again after a kill; those that are older than what would be told again are
// passed over.
void Journal::NoteUnderway(std::int64_t number) {
  if (underway_.size() == kMostToldAgain) underway_.pop_front();
  underway_.push_back({number, context_.arrival ? context_.arrival() : nullptr});
  arrival_pause_ = kFirstArrivalPause;
  next_arrival_ = context_.clock.Now();
  const MutexLock lock(mutex_);
  has_arrived_ = false;
}

// Looks soon and then less and less often while nothing arrives: what takes long has another side
// that is away. While something does, every kArrivalPause.
void Journal::KeepArrived() {
  const base::MonoTime now = context_.clock.Now();
  if (!next_arrival_ || now < *next_arrival_ || !store_ || !failure_.empty()) return;
  std::int64_t number = 0;
  while (!underway_.empty()) {
    const auto& has_arrived = underway_.front().has_arrived;
    if (has_arrived && !has_arrived()) break;
    number = underway_.front().number;
    underway_.pop_front();
  }
  next_arrival_.reset();
  if (!underway_.empty()) {
    if (number > 0) arrival_pause_ = kArrivalPause;
    next_arrival_ = now + arrival_pause_;
    arrival_pause_ = std::min(2 * arrival_pause_, kLongestArrivalPause);
  }
  if (number > 0) {
    BeginWork();
    if (auto kept = store_->KeepArrived(number); !kept) return Failed(kept.error());
  }
  if (!underway_.empty()) return;
  const MutexLock lock(mutex_);
  has_arrived_ = true;
  changed_.NotifyAll();  // Finish waits for it
}

std::future<std::vector<std::string>> Journal::FindUnknown(std::vector<EventFile> files) {
  const auto answer = std::make_shared<std::promise<std::vector<std::string>>>();
  auto found = answer->get_future();
  auto asked = Ask([this, answer, files = std::move(files)](Store* store, const std::string&) {
    std::vector<std::string> unknown;
    for (const EventFile& file : files) {
      if (store == nullptr || !begun_ || file.came < left_off_ - kCommitTakes) continue;
      const auto known = store->Knows(file.event_id);
      if (known && !*known) unknown.push_back(file.event_id);
    }
    answer->set_value(std::move(unknown));
  });
  if (!asked) answer->set_value({});
  return found;
}

}  // namespace sampleproc::history
