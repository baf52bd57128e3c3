// What the thread of the pictures' keeper does.
#include <algorithm>
#include <exception>
#include <utility>

#include "history/snapshots.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;

constexpr std::chrono::minutes kBetweenTrims{1};
constexpr std::chrono::milliseconds kNoMemoryPause{100};
// Pictures that are written before somebody who asks is answered, and answers before the next
// picture is written: drawing one takes as long as writing many.
constexpr int kMostAtOnce = 8;
constexpr int kMostAnswersAtOnce = 2;

constexpr std::string_view kTooLarge =
    "the event's picture is not kept: it is larger than events.snapshots_max_bytes";

}  // namespace

// What throws is for want of memory: what waits stays, and the next round may have some.
void Snapshots::Run() noexcept {
  for (bool more = true; more;) {
    try {
      OpenFolder();
      DeleteUnknown();
      KeepSome();
      AnswerSome();
      TrimSometimes();
      more = AwaitWork();
    } catch (const std::exception&) {
      std::this_thread::sleep_for(kNoMemoryPause);
    }
  }
  const MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

bool Snapshots::WorkWaits() const {
  if (!questions_.empty() || (folder_ && left_files_.ready())) return true;
  if (!failure_.empty()) return context_.clock.Now() >= retry_at_;
  return !waiting_.empty();
}

// When there may be something to do although nothing comes.
base::Deadline Snapshots::NextLook() const {
  const base::MonoTime now = context_.clock.Now();
  base::MonoTime at = folder_ ? next_trim_ : now + kBetweenTrims;
  if (left_files_.waits()) at = std::min(at, now + LeftFiles::kBetweenLooks);
  if (!failure_.empty()) at = std::min(at, retry_at_);
  return {context_.clock, at - now};
}

bool Snapshots::AwaitWork() {
  const MutexLock lock(mutex_);
  if (folder_) {
    counts_.files = folder_->files();
    counts_.bytes = folder_->bytes();
    counts_.deleted = deleted_before_ + folder_->deleted();
  }
  busy_since_.reset();
  while (!closing_ && !WorkWaits()) {
    const base::Deadline next = NextLook();
    if (next.Expired()) break;
    changed_.WaitUntil(mutex_, next);
  }
  busy_since_ = context_.clock.Now();
  // At the end questions are answered: their requests wait.
  return !closing_ || !questions_.empty();
}

void Snapshots::OpenFolder() {
  {
    const MutexLock lock(mutex_);
    busy_since_ = context_.clock.Now();
    if (!failure_.empty() && context_.clock.Now() < retry_at_) return;
  }
  if (folder_ && folder_->Moved()) {
    deleted_before_ += folder_->deleted();
    folder_.reset();
  }
  if (folder_) return;
  auto opened = SnapshotFolder::Open(options_, context_.clock);
  if (!opened) return Failed(opened.error());
  folder_ = std::move(*opened);
  next_trim_ = context_.clock.Now() + kBetweenTrims;
  Worked();
}

// Asked before this process writes in the folder.
void Snapshots::DeleteUnknown() {
  if (!folder_) return;
  if (auto deleted = left_files_.LookAt(*folder_); !deleted) Failed(deleted.error());
}

void Snapshots::KeepSome() {
  for (int i = 0; i < kMostAtOnce && folder_; ++i) {
    HeldPtr next;
    {
      const MutexLock lock(mutex_);
      busy_since_ = context_.clock.Now();
      if (!failure_.empty() && context_.clock.Now() < retry_at_) return;
      if (waiting_.empty()) break;
      next = waiting_.front();
    }
    const auto kept = folder_->Keep(next->snapshot, next->picture->jpeg, next->came);
    const bool hopeless = !kept && (kept.error().code == ErrorCode::kTooLarge ||
                                    kept.error().code == ErrorCode::kInvalidFrame);
    if (!kept && !hopeless) return Failed(kept.error());
    {
      const MutexLock lock(mutex_);
      if (hopeless) Drop(next->snapshot, kTooLarge);
      if (kept) ++counts_.kept;
      Leave(next);
    }
    changed_.NotifyAll();
    Worked();
  }
}

// What waits has been tried, and is tried again later.
void Snapshots::Failed(const base::Error& error) {
  ++failures_;
  const MutexLock lock(mutex_);
  failure_ = error.message;
  retry_at_ = context_.clock.Now() + context_.backoff(failures_);
  if (finishing_) given_up_ = true;
  // One that cannot be written is not to stand in the way of the others.
  if (waiting_.size() > 1) std::ranges::rotate(waiting_, waiting_.begin() + 1);
  changed_.NotifyAll();
}

void Snapshots::Worked() {
  failures_ = 0;
  const MutexLock lock(mutex_);
  failure_.clear();
}

// Also when what has failed is due again and nothing waits by which that could be seen.
void Snapshots::TrimSometimes() {
  const base::MonoTime now = context_.clock.Now();
  bool retry = false;
  {
    const MutexLock lock(mutex_);
    retry = !failure_.empty() && now >= retry_at_;
  }
  if (folder_ == nullptr || (!retry && now < next_trim_)) return;
  next_trim_ = now + kBetweenTrims;
  if (auto trimmed = folder_->Trim(); !trimmed) return Failed(trimmed.error());
  if (retry) Worked();
}

void Snapshots::AnswerSome() {
  for (int i = 0; i < kMostAnswersAtOnce; ++i) {
    std::optional<Question> question;
    {
      const MutexLock lock(mutex_);
      if (questions_.empty()) return;
      question.emplace(std::move(questions_.front()));
      questions_.pop_front();
      busy_since_ = context_.clock.Now();
    }
    auto answer = AnswerTo(*question);
    question->answer(std::move(answer));
  }
}

Snapshots::HeldPtr Snapshots::WaitingOf(const std::string& event_id) {
  const MutexLock lock(mutex_);
  const auto held = std::ranges::find_if(
      waiting_, [&event_id](const HeldPtr& each) { return each->snapshot.event_id == event_id; });
  return held == waiting_.end() ? nullptr : *held;
}

Result<KeptSnapshot> Snapshots::NoSnapshot(const SnapshotKey& key) {
  if (const auto why = folder_->WhyGone(key)) return Fail(ErrorCode::kNotFound, std::string(*why));
  const MutexLock lock(mutex_);
  const auto why = dropped_.Find(key);
  return Fail(ErrorCode::kNotFound,
              std::string(why.value_or(
                  "no picture of such an event is kept: there is no such event, it ended before "
                  "pictures were kept, or its picture was deleted to keep within "
                  "events.snapshots_max_bytes, _max_files and _max_age")));
}

Result<KeptSnapshot> Snapshots::AnswerTo(const Question& question) {
  if (auto wanted = question.allowance.Check("the queue for pictures of events"); !wanted) {
    return std::unexpected(wanted.error());
  }
  const auto key = SnapshotKeyOf(question.event_id);
  if (!key) return Fail(ErrorCode::kNotFound, "there is no such event");
  KeptSnapshot kept;
  if (const HeldPtr held = WaitingOf(question.event_id)) {
    const std::string& jpeg = held->picture->jpeg;
    kept.facts = {.came = held->came, .bytes = jpeg.size()};
    if (!question.is_wanted(kept.facts)) return kept;
    auto memory = context_.budget.TryReserve(jpeg.size(), "an event's picture");
    if (!memory) return std::unexpected(memory.error());
    kept.memory = std::move(*memory);
    kept.content = {held->snapshot, jpeg};
    return kept;
  }
  if (folder_ == nullptr) {
    const MutexLock lock(mutex_);
    return Fail(ErrorCode::kUnavailable,
                "pictures of events cannot be read from events.snapshots: " + failure_);
  }
  const auto facts = folder_->Find(*key);
  if (!facts) return NoSnapshot(*key);
  kept.facts = *facts;
  if (!question.is_wanted(kept.facts)) return kept;
  auto memory =
      context_.budget.TryReserve(static_cast<std::size_t>(facts->bytes), "an event's picture");
  if (!memory) return std::unexpected(memory.error());
  auto content = folder_->Read(*key, question.event_id);
  if (!content) {
    if (content.error().code == ErrorCode::kNotFound) return std::unexpected(content.error());
    return Fail(ErrorCode::kUnavailable,
                "a picture cannot be read from events.snapshots: " + content.error().message);
  }
  kept.memory = std::move(*memory);
  kept.content = std::move(*content);
  return kept;
}

}  // namespace sampleproc::history
