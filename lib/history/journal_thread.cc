// What a journal's thread does.
#include <algorithm>
#include <exception>
#include <utility>

#include "history/journal.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::MutexLock;
using base::Result;

constexpr std::chrono::minutes kBetweenTrims{1};
constexpr std::chrono::milliseconds kNoMemoryPause{100};
// That nothing was dropped for so long means that it is over.
constexpr std::chrono::seconds kDroppingLasts{5};
constexpr std::chrono::seconds kBetweenTells{1};
constexpr std::chrono::seconds kBetweenLooks{1};
constexpr std::string_view kName = telemetry::condition::kHistory;

}  // namespace

// What throws is for want of memory: what waits stays, and the next round may have some.
void Journal::Run() noexcept {
  for (bool more = true; more;) {
    try {
      next_look_ = context_.clock.Now() + kBetweenLooks;
      BeginWork();
      if (store_ && store_->Moved()) LeaveMoved();
      if (store_) {
        if (const auto whole = store_->Check(); !whole) Failed(whole.error());
      }
      if (store_ == nullptr) OpenStore();
      StoreSome();
      KeepArrived();
      AnswerNext();
      TrimSometimes();
      UpgradeSome();
      TellOfState();
      more = AwaitWork();
    } catch (const std::exception&) {
      std::this_thread::sleep_for(kNoMemoryPause);
    }
  }
  BeginWork();
  store_.reset();
  const MutexLock lock(mutex_);
  busy_.reset();
  ended_ = true;
  changed_.NotifyAll();
}

void Journal::BeginWork() {
  const MutexLock lock(mutex_);
  busy_ = context_.clock.Now();
}

bool Journal::WorkWaits() const {
  const base::MonoTime now = context_.clock.Now();
  if (store_ && failure_.empty() && !store_->complete()) return true;
  if (!questions_.empty() || !fetches_.empty()) return true;
  if (failing_ && now >= retry_at_) return true;
  if (incoming_.empty()) return false;
  return finishing_ || incoming_.size() >= Store::kMostRecords || now - first_came_ >= kBatchTime;
}

// When there may be something to do although nothing comes.
base::Deadline Journal::NextLook() const {
  base::MonoTime at = std::min(next_trim_, next_look_);
  if (failing_) at = std::min(at, retry_at_);
  if (!incoming_.empty()) at = std::min(at, first_came_ + kBatchTime);
  if (next_tell_) at = std::min(at, *next_tell_);
  if (next_arrival_) at = std::min(at, *next_arrival_);
  return {context_.clock, at - context_.clock.Now()};
}

bool Journal::AwaitWork() {
  // Asks the disk, so not under the lock that those who bring events take.
  const std::uint64_t bytes = store_ ? store_->bytes() : 0;
  const MutexLock lock(mutex_);
  busy_.reset();
  counts_.bytes = bytes;
  while (!closing_ && !WorkWaits()) {
    const base::Deadline next = NextLook();
    if (next.Expired()) break;
    changed_.WaitUntil(mutex_, next);
  }
  // At the end questions are answered, if only with a refusal: their requests wait.
  return !closing_ || !questions_.empty();
}

void Journal::OpenStore() {
  {
    const MutexLock lock(mutex_);
    if (failing_ && context_.clock.Now() < retry_at_) return;
  }
  auto opened =
      Store::Open(options_, context_.clock, [this](const Aside& aside) { TellAside(aside); });
  if (!opened) return Failed(opened.error());
  store_ = std::move(*opened);
  seen_damaged_ = 0;
  // A file that was put in its place may be an older one: those who listen know numbers already.
  if (auto on = store_->GoOnBehind(newest_); !on) return Reopen(on.error());
  if (!begun_) EndUnfinished();
}

// The store is not of use yet. Failed may have opened another.
void Journal::Reopen(const base::Error& error) {
  const Store* const failed = store_.get();
  Failed(error);
  if (store_.get() == failed) store_.reset();
}

void Journal::LeaveMoved() {
  store_.reset();
  replaced_at_ = context_.clock.Now();
  replaced_ = options_.path + " or its log was removed or replaced while in use: what was in it " +
              "is in the history no more";
  OpenStore();
}

// False when the store's file is not damaged, or not the one that has its name, or stays where it
// is.
bool Journal::LeaveDamaged(const std::string& why) {
  if (!store_ || !store_->IsDamaged() || store_->Moved()) return false;
  const auto aside = store_->SetAside(why);
  store_.reset();
  if (!aside) {
    failure_ = aside.error().message;
    return false;
  }
  TellAside(*aside);
  failure_.clear();
  OpenStore();
  if (!store_ && failure_.empty()) failure_ = why;  // not before its next try
  return true;
}

void Journal::TellAside(const Aside& aside) {
  replaced_at_ = context_.clock.Now();
  replaced_ = aside.file + " was damaged and is " + aside.name +
              " now, a new one is begun: " + "what was in it is in the history no more (" +
              aside.why + ")";
  context_.log.Error("the history's database is damaged and was set aside; a new one is begun",
                     {{"file", std::string_view(aside.file)},
                      {"set_aside", std::string_view(aside.name)},
                      {"reason", std::string_view(aside.why)}});
  const MutexLock lock(mutex_);
  ++counts_.set_aside;
}

void Journal::StoreSome() {
  bool due = false;
  {
    const MutexLock lock(mutex_);
    for (Held& held : incoming_) held_.push_back(std::move(held));
    incoming_.clear();
    due = store_ && (!failing_ || context_.clock.Now() >= retry_at_);
  }
  bool stored = due && !held_.empty();
  while (stored) stored = StoreBatch();
  if (due && held_.empty()) Worked();
  if (!failure_.empty()) TellUnnumbered();
}

// False when it has failed, or there is nothing more.
bool Journal::StoreBatch() {
  std::vector<RecordPtr> batch;
  std::size_t bytes = 0;
  std::size_t memory = 0;
  for (const Held& held : held_) {
    if (batch.size() == Store::kMostRecords || bytes >= Store::kMostBytes) break;
    bytes += held.record->json.size();
    memory += held.record->bytes();
    batch.push_back(held.record);
  }
  BeginWork();
  const auto ids = store_->Append(batch);
  if (!ids) {
    Failed(ids.error());
    return failure_.empty() && store_ != nullptr;  // a new file
  }
  // Afterwards, so that what is told as stored was in the file while that had its name.
  if (store_->Moved()) {
    LeaveMoved();
    return store_ != nullptr;
  }
  newest_ = store_->newest();
  std::uint64_t repeated = 0;
  for (const std::int64_t id : *ids) {
    Held& held = held_.front();
    if (id == 0) {
      ++repeated;
    } else if (held.place) {
      feed_->Number(*held.place, id);
    } else {
      feed_->Tell({id, std::move(held.record)});
    }
    TellUpTo(held.turn);
    if (id > 0) NoteUnderway(id);
    held_.pop_front();
  }
  const MutexLock lock(mutex_);
  counts_.stored += batch.size() - repeated;
  counts_.repeated += repeated;
  waiting_ -= batch.size();
  waiting_bytes_ -= memory;
  changed_.NotifyAll();  // Finish waits for it
  return !held_.empty();
}

// Those who listen are not to wait for a disk that is full.
void Journal::TellUnnumbered() {
  for (Held& held : held_) {
    if (!held.place) held.place = feed_->Tell({0, held.record});
  }
  if (!held_.empty()) TellUpTo(held_.back().turn);
}

// One of a request and one for a stream: neither keeps the other waiting, nor what is to be stored.
void Journal::AnswerNext() {
  std::optional<Question> next[2];
  {
    const MutexLock lock(mutex_);
    std::deque<Question>* const all[] = {&questions_, &fetches_};
    for (int i = 0; i < 2; ++i) {
      if (all[i]->empty()) continue;
      next[i].emplace(std::move(all[i]->front()));
      all[i]->pop_front();
    }
  }
  for (std::optional<Question>& question : next) {
    if (!question) continue;
    BeginWork();
    (*question)(store_.get(), "the history cannot be read: " + failure_);
    if (store_ && std::exchange(seen_damaged_, store_->damaged()) != store_->damaged()) {
      context_.log.Warning("the history has damaged messages, which are left out of answers",
                           {{"times", static_cast<std::int64_t>(seen_damaged_)}});
    }
    if (store_ && store_->broken()) Failed({ErrorCode::kIo, store_->trouble(), {}, {}});
  }
}

void Journal::TrimSometimes() {
  const base::MonoTime now = context_.clock.Now();
  if (now < next_trim_) return;
  next_trim_ = now + kBetweenTrims;
  if (!store_ || !failure_.empty()) return;
  if (auto trimmed = store_->Trim(); !trimmed) Failed(trimmed.error());
}

// An older layout is brought up to date between what else there is to do.
void Journal::UpgradeSome() {
  if (!store_ || !failure_.empty() || store_->complete()) return;
  if (auto upgraded = store_->Upgrade(); !upgraded) Failed(upgraded.error());
}

void Journal::Failed(const base::Error& error) {
  failure_ = error.message;
  if (LeaveDamaged(error.message)) return;
  if (store_ && store_->broken()) store_.reset();
  const auto pause = context_.backoff(++failures_);
  const MutexLock lock(mutex_);
  failing_ = true;
  retry_at_ = context_.clock.Now() + pause;
  given_up_ = finishing_;
  changed_.NotifyAll();  // Finish waits for it
}

void Journal::Worked() {
  failure_.clear();
  failures_ = 0;
  const MutexLock lock(mutex_);
  failing_ = false;
}

void Journal::TellOfState() noexcept {
  try {
    BeginWork();  // see LookAfter
    const base::MonoTime now = context_.clock.Now();
    std::uint64_t dropped = 0;
    bool roomy = false;
    {
      const MutexLock lock(mutex_);
      dropped = counts_.dropped;
      roomy = waiting_ <= kMostWaiting / 2 && waiting_bytes_ <= kMostWaitingBytes / 2;
    }
    if (std::exchange(seen_dropped_, dropped) != dropped) dropped_at_ = now;
    if (failure_.empty() && roomy && now - dropped_at_ >= kDroppingLasts) told_dropped_ = dropped;
    const bool losing = dropped > told_dropped_;
    next_tell_.reset();
    if (losing) next_tell_ = now + kBetweenTells;
    if (replaced_at_ && now - *replaced_at_ >= kReplacedLasts) replaced_at_.reset();
    if (failure_.empty() && !losing && !replaced_at_) return context_.conditions.Clear(kName);
    std::string reason;
    if (replaced_at_) reason = replaced_;
    if (!failure_.empty() || losing) {
      if (replaced_at_) reason += "; ";
      reason += failure_.empty() ? "events come faster than they can be stored"
                                 : "events cannot be stored, which is tried again: " + failure_;
    }
    if (losing) {
      reason += "; " + std::to_string(dropped - told_dropped_) +
                " messages are not in the history, for want of room in memory";
    }
    context_.conditions.Raise(kName, {}, reason);
  } catch (const std::exception&) {  // no memory: the next round may have some
  }
}

}  // namespace sampleproc::history
