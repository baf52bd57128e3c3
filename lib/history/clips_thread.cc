// What the thread of the clips' keeper does.
#include <algorithm>
#include <exception>
#include <utility>

#include "history/clips.h"
#include "history/folder_files.h"

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::Fail;
using base::MutexLock;
using base::Result;

constexpr std::chrono::minutes kBetweenTrims{1};
constexpr std::chrono::milliseconds kNoMemoryPause{100};
// What is written before somebody who asks is answered, and answered before more is written.
constexpr int kMostAtOnce = 8;
constexpr int kMostAnswersAtOnce = 8;

constexpr std::string_view kNoPictures =
    "the event has no clip: no picture of its camera was held when it was to be written";
constexpr std::string_view kNoRoom =
    "the event has no clip: there was no room for it within events.clips_max_bytes and _max_files";

}  // namespace

// What throws is for want of memory: what waits stays, and the next round may have some.
void Clips::Run() noexcept {
  for (bool more = true; more;) {
    try {
      OpenFolder();
      DeleteUnknown();
      WriteSome();
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

// When there is something to do for it.
base::MonoTime Clips::DueAt(const Clip& clip) const {
  if (!clip.takes || finishing_) return base::MonoTime::min();
  if (clip.waiting.empty()) return clip.close_at;
  return std::min(clip.close_at, clip.waiting.front()->came + kSettled);
}

bool Clips::WorkWaits() const {
  if (!questions_.empty() || (folder_ && left_files_.ready())) return true;
  const base::MonoTime now = context_.clock.Now();
  if (!failure_.empty()) return now >= retry_at_;
  for (const auto& [key, clip] : clips_) {
    if (DueAt(*clip) <= now) return true;
  }
  return false;
}

// When there may be something to do although nothing comes.
base::Deadline Clips::NextLook() const {
  const base::MonoTime now = context_.clock.Now();
  base::MonoTime at = folder_ ? next_trim_ : now + kBetweenTrims;
  if (left_files_.waits()) at = std::min(at, now + LeftFiles::kBetweenLooks);
  if (!failure_.empty()) {
    at = std::min(at, retry_at_);
  } else {
    for (const auto& [key, clip] : clips_) at = std::min(at, DueAt(*clip));
  }
  return {context_.clock, at - now};
}

bool Clips::AwaitWork() {
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

void Clips::OpenFolder() {
  {
    const MutexLock lock(mutex_);
    busy_since_ = context_.clock.Now();
    if (!failure_.empty() && context_.clock.Now() < retry_at_) return;
  }
  if (folder_ && folder_->Moved()) {
    deleted_before_ += folder_->deleted();
    folder_.reset();
    // What comes from now on is written in the new one.
    const MutexLock lock(mutex_);
    for (auto& [key, clip] : clips_) clip->in_folder = false;
  }
  if (folder_) return;
  auto opened = ClipFolder::Open(options_, context_.clock);
  if (!opened) return Failed(opened.error());
  folder_ = std::move(*opened);
  next_trim_ = context_.clock.Now() + kBetweenTrims;
  {
    const MutexLock lock(mutex_);
    counts_.kept += folder_->mended();
  }
  TellLeft();
  Worked();
}

void Clips::TellLeft() {
  if (context_.log == nullptr || folder_->mended() + folder_->given_up() == 0) return;
  context_.log->Write(folder_->given_up() > 0 ? base::LogLevel::kWarning : base::LogLevel::kInfo,
                      "clips of events that the last process was writing when it was killed: what "
                      "was there is kept",
                      {{"kept", static_cast<std::int64_t>(folder_->mended())},
                       {"lost", static_cast<std::int64_t>(folder_->given_up())}});
}

// One clip after the other, so that none waits for all of another.
std::optional<Clips::Job> Clips::NextJob() {
  const MutexLock lock(mutex_);
  const base::MonoTime now = context_.clock.Now();
  busy_since_ = now;
  if (clips_.empty() || (!failure_.empty() && now < retry_at_)) return std::nullopt;
  auto place = clips_.upper_bound(last_);
  for (std::size_t i = 0; i < clips_.size(); ++i, ++place) {
    if (place == clips_.end()) place = clips_.begin();
    const ClipPtr& clip = place->second;
    if (DueAt(*clip) > now) continue;
    last_ = clip->key;
    if (clip->waiting.empty()) return Job{clip, nullptr};
    const ClipPicturePtr& picture = clip->waiting.front();
    if (!clip->begin) clip->begin = picture->at;
    clip->last = picture->at;
    return Job{clip, picture};
  }
  return std::nullopt;
}

// Asked before this process writes in the folder.
void Clips::DeleteUnknown() {
  if (!folder_) return;
  if (auto deleted = left_files_.LookAt(*folder_); !deleted) Failed(deleted.error());
}

void Clips::WriteSome() {
  for (int i = 0; i < kMostAtOnce && folder_; ++i) {
    const auto job = NextJob();
    if (!job) return;
    if (auto done = Do(*job); !done) return Failed(done.error());
    changed_.NotifyAll();
    Worked();
  }
}

Result<void> Clips::Do(const Job& job) {
  Clip& clip = *job.clip;
  if (!job.picture) return Close(clip);
  auto written = Write(clip, *job.picture);
  const bool hopeless = !written && written.error().code != ErrorCode::kIo;
  if (!written && !hopeless) return written;
  if (hopeless && !clip.in_folder) {
    Drop(clip, kNoRoom);
    return {};
  }
  const MutexLock lock(mutex_);
  std::erase(clip.waiting, job.picture);
  if (written) {
    ++counts_.pictures_written;
  } else {  // what there is of it is whole
    counts_.pictures_dropped += 1 + clip.waiting.size();
    clip.waiting.clear();
    clip.takes = false;
  }
  return {};
}

// Of frames that say the same time each is shown.
Result<void> Clips::Write(Clip& clip, const ClipPicture& picture) {
  if (!clip.in_folder) {
    const ClipFacts facts{.event_id = clip.event_id,
                          .begin = picture.at,
                          .width = picture.width,
                          .height = picture.height};
    if (auto begun = folder_->Begin(clip.key, facts); !begun) return begun;
    clip.in_folder = true;
    clip.since = ClipTime(-1);
    const MutexLock lock(mutex_);
    clip.begin = picture.at;
  }
  ClipTime begin{};
  {
    const MutexLock lock(mutex_);
    begin = *clip.begin;
  }
  const ClipTime since = std::max(picture.at - begin, clip.since + ClipTime(1));
  if (auto added = folder_->Add(clip.key, since, picture.jpeg); !added) return added;
  clip.since = since;
  return {};
}

// It is whole, or there is nothing of it.
Result<void> Clips::Close(Clip& clip) {
  if (!clip.in_folder) {
    Drop(clip, kNoPictures);
    return {};
  }
  ClipTime until = ClipTime::max();
  {
    const MutexLock lock(mutex_);
    if (clip.until) until = *clip.until - *clip.begin;
  }
  const auto ended = folder_->End(clip.key, until, context_.clock.Wall());
  if (!ended) return std::unexpected(ended.error());
  if (!*ended) {
    Drop(clip, kNoPictures);
    return {};
  }
  const MutexLock lock(mutex_);
  ++counts_.kept;
  Leave(clip);
  return {};
}

void Clips::Leave(const Clip& clip) {
  const SnapshotKey key = clip.key;
  clips_.erase(key);
}

void Clips::Drop(Clip& clip, std::string_view why) {
  folder_->Abandon(clip.key);
  const MutexLock lock(mutex_);
  ++counts_.dropped;
  dropped_.Note(clip.key, why);
  Leave(clip);
}

// What waits has been tried, and is tried again later.
void Clips::Failed(const base::Error& error) {
  ++failures_;
  const MutexLock lock(mutex_);
  failure_ = error.message;
  retry_at_ = context_.clock.Now() + context_.backoff(failures_);
  if (finishing_) given_up_ = true;
  changed_.NotifyAll();
}

void Clips::Worked() {
  failures_ = 0;
  const MutexLock lock(mutex_);
  failure_.clear();
}

// Also when what has failed is due again and nothing waits by which that could be seen.
void Clips::TrimSometimes() {
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

void Clips::AnswerSome() {
  for (int i = 0; i < kMostAnswersAtOnce; ++i) {
    std::optional<Question> question;
    {
      const MutexLock lock(mutex_);
      if (questions_.empty()) return;
      question.emplace(std::move(questions_.front()));
      questions_.pop_front();
      busy_since_ = context_.clock.Now();
    }
    const auto wanted = question->allowance.Check("the queue for clips of events");
    question->answer(wanted ? nullptr : &wanted.error());
  }
}

Result<OpenClipPtr> Clips::NoClip(const SnapshotKey& key) {
  if (const auto why = folder_->WhyGone(key)) return Fail(ErrorCode::kNotFound, std::string(*why));
  const MutexLock lock(mutex_);
  if (clips_.contains(key)) {
    return Fail(ErrorCode::kNotFound,
                "the event's clip is not whole yet: it can be had once the event has ended and "
                "events.clip_after has passed, or once it is as long as events.clip_max");
  }
  const auto why = dropped_.Find(key);
  return Fail(ErrorCode::kNotFound,
              std::string(why.value_or(
                  "no clip of such an event is kept: there is no such event, it ended before "
                  "clips were kept, the service was killed before a picture of it was written, or "
                  "its clip was deleted to keep within "
                  "events.clips_max_bytes, _max_files and _max_age")));
}

Result<OpenClipPtr> Clips::AnswerTo(const std::string& event_id) {
  const auto key = SnapshotKeyOf(event_id);
  if (!key) return Fail(ErrorCode::kNotFound, "there is no such event");
  if (folder_ == nullptr) {
    const MutexLock lock(mutex_);
    return Fail(ErrorCode::kUnavailable,
                "clips of events cannot be read from events.clips: " + failure_);
  }
  if (!folder_->Has(*key)) return NoClip(*key);
  auto opened = folder_->OpenToRead(*key, event_id);
  if (opened) {
    return std::make_shared<const OpenClip>(std::move(*opened));
  }
  if (opened.error().code == ErrorCode::kNotFound) return std::unexpected(opened.error());
  return Fail(ErrorCode::kUnavailable,
              "a clip cannot be read from events.clips: " + opened.error().message);
}

Result<std::string> Clips::ReadClip(const OpenClip& clip, std::uint64_t at, std::size_t bytes) {
  auto part = ReadBytes(clip.file.get(), at, bytes, "clip");
  if (part && part->size() < bytes) {
    return Fail(ErrorCode::kUnavailable, "the clip's file has become shorter");
  }
  return part;
}

}  // namespace sampleproc::history
