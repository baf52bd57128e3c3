#include "history/clips.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace sampleproc::history {
namespace {

using base::ErrorCode;
using base::MutexLock;

constexpr std::string_view kName = telemetry::condition::kClips;
// That nothing was dropped for so long means that it is over.
constexpr std::chrono::seconds kDroppingLasts{5};

constexpr std::string_view kTooManyAtOnce =
    "the event has no clip: too many events went on at once, 64 in all, 16 of its camera or 32 of "
    "cameras that are not configured";

}  // namespace

std::size_t Clips::MemoryFor(const ClipOptions& options) {
  constexpr std::size_t kNotesBytes = 1024UL * 1024;
  constexpr std::size_t kOfSecond = 64;  // where pictures are in a clip that is written
  const auto seconds =
      static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(options.longest).count());
  return options.memory + static_cast<std::size_t>(options.files) * ClipFolder::kBytesEach +
         kMostOpen * (kLongestClipHead + seconds * kOfSecond) + kNotesBytes;
}

Clips::Clips(const ClipOptions& options, ClipsContext context, resources::Reservation room)
    : options_(options),
      context_(std::move(context)),
      room_(std::move(room)),
      memory_(options.memory),
      left_files_(context_.find_unknown),
      ring_(options_, memory_),
      thread_([this] { Run(); }) {}

Clips::~Clips() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.NotifyAll();
}

// A clip gets a picture that is of it.
void Clips::Hand(Clip& clip, const ClipPicturePtr& picture) {
  if (!clip.takes) return;
  // Others may come yet that are to stand before it.
  const auto close_soon = [&] {
    clip.close_at = std::min(clip.close_at, picture->came + kSettled);
  };
  if (clip.until && picture->at > *clip.until) return close_soon();
  if (clip.last && picture->at < *clip.last) {  // too late to stand before it
    ++counts_.pictures_late;
    return;
  }
  const ClipTime first =
      clip.begin.value_or(clip.waiting.empty() ? picture->at : clip.waiting.front()->at);
  if (picture->at - first > options_.longest) return close_soon();
  const auto place = std::ranges::upper_bound(clip.waiting, picture->at, {},
                                              [](const ClipPicturePtr& each) { return each->at; });
  clip.waiting.insert(place, picture);
}

void Clips::Add(const ClipInput& input) noexcept {
  bool wakes = false;
  {
    const MutexLock lock(mutex_);
    if (finishing_ || closing_) return;
    try {
      const ClipRing::Added added = ring_.Add(input, context_.clock.Now());
      if (!added.picture) ++counts_.pictures_dropped;
      for (auto& [key, clip] : clips_) {
        if (clip->camera_id != input.camera_id) continue;
        wakes = true;
        if (added.anew) clip->takes = false;
        if (added.picture) Hand(*clip, added.picture);
      }
    } catch (const std::exception&) {  // no memory
      ++counts_.pictures_dropped;
    }
  }
  if (wakes) changed_.NotifyAll();
}

bool Clips::WantsMade(const std::string& camera_id, std::optional<ClipTime> taken) noexcept {
  const MutexLock lock(mutex_);
  if (finishing_ || closing_) return false;
  try {
    return ring_.WantsMade(camera_id, taken, context_.clock.Now());
  } catch (const std::exception&) {  // no memory
    ++counts_.pictures_dropped;
    return false;
  }
}

void Clips::Miss() noexcept {
  const MutexLock lock(mutex_);
  ++counts_.pictures_dropped;
}

// Whoever invents ids of cameras leaves half of all for those that are configured.
bool Clips::CanBegin(const std::string& camera_id, bool is_configured) const {
  std::size_t of_camera = 0;
  std::size_t invented = 0;
  for (const auto& [key, clip] : clips_) {
    if (clip->camera_id == camera_id) ++of_camera;
    if (!clip->is_configured) ++invented;
  }
  if (clips_.size() >= kMostOpen || of_camera >= kMostOpenOfCamera) return false;
  return is_configured || invented < kMostOpen / 2;
}

void Clips::Begin(const frame::Event& event, const SnapshotKey& key) {
  if (clips_.contains(key)) return;
  const bool is_configured = !context_.is_configured || context_.is_configured(event.camera_id);
  if (!CanBegin(event.camera_id, is_configured)) {
    ++counts_.dropped;
    ++crowded_;
    return dropped_.Note(key, kTooManyAtOnce);
  }
  auto clip = std::make_shared<Clip>();
  clip->is_configured = is_configured;
  clip->key = key;
  clip->event_id = event.event_id;
  clip->camera_id = event.camera_id;
  for (const ClipPicturePtr& picture : ring_.From(event.camera_id, event.start - options_.before)) {
    clip->waiting.push_back(picture);
  }
  clips_.emplace(key, std::move(clip));
}

void Clips::End(const frame::Event& event, Clip& clip) {
  const ClipTime until = event.end.value_or(event.time) + options_.after;
  clip.until = until;
  const ClipTime left = std::clamp<ClipTime>(until - event.time, ClipTime(0), options_.after);
  clip.close_at = context_.clock.Now() + left + kGrace;
  const auto over = std::ranges::upper_bound(clip.waiting, until, {},
                                             [](const ClipPicturePtr& each) { return each->at; });
  if (over == clip.waiting.end()) return;
  clip.waiting.erase(over, clip.waiting.end());
  clip.close_at = std::min(clip.close_at, context_.clock.Now() + kSettled);
}

void Clips::Tell(const frame::Event& event) noexcept {
  const auto key = SnapshotKeyOf(event.event_id);
  if (!key) return;
  {
    const MutexLock lock(mutex_);
    if (finishing_ || closing_) return;
    try {
      if (event.type == frame::Event::Type::kNew) Begin(event, *key);
      if (event.type == frame::Event::Type::kEnd) {
        if (const auto clip = clips_.find(*key); clip != clips_.end()) End(event, *clip->second);
      }
    } catch (const std::exception&) {  // no memory
      ++counts_.dropped;
    }
  }
  changed_.NotifyAll();
}

void Clips::Ask(Question question) {
  base::Error refusal{ErrorCode::kShuttingDown, "no clips are given: the service ends", {}, {}};
  {
    const MutexLock lock(mutex_);
    if (!closing_ && questions_.size() < kMostQuestions) {
      questions_.push_back(std::move(question));
      changed_.NotifyAll();
      return;
    }
    if (!closing_) {
      refusal = {ErrorCode::kOverloaded,
                 busy_since_ && context_.clock.Now() - *busy_since_ >= kPatience
                     ? "the disk of events.clips does not answer"
                     : "too many questions for clips of events wait already",
                 {},
                 {}};
    }
  }
  question.answer(&refusal);
}

void Clips::Get(std::string event_id, const base::Allowance& allowance, OnClip answer) {
  Ask({allowance, [this, id = std::move(event_id),
                   answer = std::move(answer)](const base::Error* refusal) mutable {
         if (refusal != nullptr) return answer(std::unexpected(*refusal));
         answer(AnswerTo(id));
       }});
}

void Clips::Read(OpenClipPtr clip, std::uint64_t at, std::size_t bytes, OnBytes answer) {
  Ask({{},
       [clip = std::move(clip), at, bytes,
        answer = std::move(answer)](const base::Error* refusal) mutable {
         if (refusal != nullptr) return answer(std::unexpected(*refusal));
         answer(ReadClip(*clip, at, bytes));
       }});
}

void Clips::LookAfter() {
  const base::MonoTime now = context_.clock.Now();
  std::string reason;
  std::uint64_t dropped = 0;
  std::uint64_t crowded = 0;  // of them
  {
    const MutexLock lock(mutex_);
    ring_.Trim(now);
    dropped = counts_.pictures_dropped + counts_.dropped;
    crowded = crowded_;
    if (busy_since_ && now - *busy_since_ >= kPatience) {
      reason = "its disk does not answer";
    } else if (!failure_.empty()) {
      reason = "they cannot be written, which is tried again: " + failure_;
    }
  }
  if (std::exchange(seen_dropped_, dropped) != dropped) dropped_at_ = now;
  if (now - dropped_at_ >= kDroppingLasts) {
    told_dropped_ = dropped;
    told_crowded_ = crowded;
  }
  if (dropped > told_dropped_) {
    if (reason.empty() && dropped - told_dropped_ == crowded - told_crowded_) {
      reason =
          "too many events go on at once (64 in all, 16 of a camera, 32 of cameras that are not "
          "configured)";
    } else if (reason.empty()) {
      reason =
          "more comes than there is room for (events.clip_memory, events.clip_camera_memory, "
          "events.clips_max_bytes), or than can be written";
    }
    reason += "; " + std::to_string(dropped - told_dropped_) + " pictures or clips are missing";
  }
  if (reason.empty()) return context_.conditions.Clear(kName);
  context_.conditions.Raise(kName, {},
                            "clips of events, events.clips " + options_.path + ": " + reason);
}

std::size_t Clips::Finish(const base::Deadline& end) {
  std::size_t lost = 0;
  {
    const MutexLock lock(mutex_);
    finishing_ = true;
    retry_at_ = context_.clock.Now();
    for (auto& [key, clip] : clips_) clip->takes = false;
    changed_.NotifyAll();
    while (!clips_.empty() && !given_up_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
    lost = clips_.size();
    closing_ = true;
  }
  changed_.NotifyAll();
  return lost;
}

bool Clips::AwaitEnd(const base::Deadline& end) {
  const MutexLock lock(mutex_);
  while (!ended_ && !end.Expired()) changed_.WaitUntil(mutex_, end);
  return ended_;
}

ClipCounts Clips::counts() const {
  const MutexLock lock(mutex_);
  ClipCounts counts = counts_;
  counts.open = clips_.size();
  counts.memory = memory_.used();
  return counts;
}

}  // namespace sampleproc::history
