#include "live/camera_watch.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/out_of_memory.h"
#include "base/text_file.h"
#include "cameras/memory.h"
#include "cameras/roster.h"
#include "frame/frame_time.h"
#include "live/clip_feed.h"
#include "live/live_picture.h"
#include "live/standing.h"
#include "resilience/retry_policy.h"

namespace sampleproc::live {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{4'000};

// Damaged pictures in a row after which the source is opened again: it may be of no use for ever.
constexpr int kMostDamaged = 100;

// Failures in a row that make a difference to the pause.
constexpr int kMostCounted = 10;

// Pictures in a row that find no memory, until that is told.
constexpr int kManyWithoutMemory = 10;
constexpr const char* kNoMemory = "memory";

// A source whose pictures have come for so long is no longer taken to fail again at once: pauses
// begin anew with its next failure.
constexpr std::chrono::seconds kSettled{5};

// How often somebody who waits for frames looks whether that is still wanted.
constexpr milliseconds kLookAtStop{100};

bool IsPicturesFault(ErrorCode code) {
  return code == ErrorCode::kInvalidFrame || code == ErrorCode::kUnsupportedFormat;
}

// Another try would end in the same way.
bool IsOfNoUse(ErrorCode code) { return IsPicturesFault(code) || code == ErrorCode::kTooLarge; }

}  // namespace

// What is shared by the reader and the workers, and outlives the watch while a worker is at it.
class CameraWatch::Frames : public std::enable_shared_from_this<Frames> {
 public:
  Frames(std::string id, const cameras::Options& options, frame::CameraPtr camera,
         const WatchContext& context)
      : id_(std::move(id)),
        camera_(std::move(camera)),
        context_(context),
        memory_(std::make_shared<resources::MemoryBudget>(
            context.source.budget, cameras::ShareOfOne(context.source.budget))),
        clips_(id_, camera_, context.clips),
        place_(PlaceOf(options.url)),
        standing_({id_, cameras::NamesFile(options.url), options.stall_after}, context.work.clock,
                  context.conditions, context.log) {}

  const frame::CameraPtr& camera() const { return camera_; }
  resources::MemoryBudget& memory() const { return *memory_; }
  Standing& standing() { return standing_; }
  const ClipFeed& clips() const { return clips_; }

  // Nobody looks at it.
  void PassOver(const cameras::Shot& shot) {
    standing_.NotTried(standing_.connection());
    clips_.Hold(shot, shot.taken.value_or(context_.work.clock.Wall()));
  }

  // A picture has come; whether it is to be looked at.
  bool Came(std::optional<base::WallTime> taken) {
    const base::WallTime at = taken.value_or(context_.work.clock.Wall());
    const base::MutexLock lock(mutex_);
    ++state_.frames;
    last_ = context_.work.clock.Now();
    came_at_ = std::chrono::duration_cast<frame::LookPacer::Time>(at.time_since_epoch());
    const bool due = camera_->IsLookDue(came_at_);
    if (cameras::Roster* const roster = context_.work.roster; roster != nullptr) {
      roster->Came(id_, cameras::Roster::kCamera);
      if (!due) roster->Lost(id_, frame::kTooSoon);
    }
    if (!due) ++state_.dropped[frame::kTooSoon];
    return due;
  }

  // `decode` is the CPU time that was taken to have it.
  void Offer(cameras::Shot shot, std::chrono::nanoseconds decode) {
    auto live = std::make_shared<LivePicture>();
    live->memory = memory_;
    live->shot = std::move(shot);
    const base::WallTime now = context_.work.clock.Wall();
    const base::WallTime taken = live->shot.taken.value_or(now);
    live->timestamp = frame::EpochSeconds(taken);
    live->taken = context_.work.clock.Now() - std::max(now - taken, base::WallTime::duration(0));
    live->came_at = came_at_;
    live->connection = standing_.connection();
    frame::Frame& frame = live->frame;
    frame.frame_id = id_.substr(0, 200) + "-";
    context_.ids.AppendHex(frame.frame_id);
    frame.camera_id = id_;
    frame.camera = camera_;
    frame.look = true;
    frame.timestamp = live->timestamp;
    frame.in_clips = clips_.Hold(live->shot, taken);
    frame.storage = std::move(live->shot.encoded);
    frame.encoded = frame.storage;
    if (live->shot.luma.data != nullptr) live->decode = decode;
    BeginSpan(context_.tracer, id_, place_, context_.work.clock.Now(), *live);
    {
      const base::MutexLock lock(mutex_);
      if (stopped_) return;
      if (in_work_) {
        if (waiting_) {
          ++state_.dropped["superseded"];
          if (context_.work.roster != nullptr) context_.work.roster->Lost(id_, "superseded");
          standing_.NotTried(live->connection);
          EndSpan("dropped", "superseded", *waiting_);
        }
        waiting_ = std::move(live);
        return;
      }
      in_work_ = true;
    }
    Submit(live);
  }

  // The reader's source has failed; of a picture that came it has no pixels.
  void SourceFailed(ErrorCode code) {
    camera_->GiveBackLook(came_at_);
    const base::MutexLock lock(mutex_);
    if (IsPicturesFault(code)) ++state_.decoder_errors;
    if (code != ErrorCode::kOverloaded) return;
    ++state_.dropped[kNoMemory];
    if (context_.work.roster != nullptr) context_.work.roster->Lost(id_, kNoMemory);
  }

  void Reconnects() {
    const base::MutexLock lock(mutex_);
    ++state_.reconnects;
  }

  void TakeNoMore() {
    const base::MutexLock lock(mutex_);
    stopped_ = true;
    waiting_ = nullptr;
  }

  void Cancel() const { cancel_.Cancel(); }

  bool AwaitIdle(const base::Deadline& end) {
    const base::MutexLock lock(mutex_);
    while (in_work_ && !end.Expired()) idle_.WaitUntil(mutex_, end);
    return !in_work_;
  }

  cameras::CameraGauges gauges() const {
    const base::MutexLock lock(mutex_);
    cameras::CameraGauges state = state_;
    state.id = id_;
    standing_.Tell(state);
    if (last_) {
      state.last_frame_age_seconds =
          std::chrono::duration<double>(context_.work.clock.Now() - *last_).count();
    }
    return state;
  }

 private:
  using LivePtr = std::shared_ptr<LivePicture>;

  void Submit(const LivePtr& live) noexcept {
    try {
      process::TaskFacts facts{
          .bytes = std::max(live->frame.encoded.size(), live->shot.luma_bytes.size()),
          .camera = std::optional<std::string>(id_)};
      auto work = std::make_shared<process::FrameWork>(
          context_.work, live->frame.frame_id,
          base::Allowance{.cancel = cancel_, .trace = live->span.parent()});
      work->Describe(live->frame.frame_id, live->frame.camera_id);
      const auto submitted = context_.pool.Submit(
          [self = shared_from_this(), live, work](process::Processor& processor,
                                                  process::CameraTurns::Turn turn) {
            self->Work(*live, *work, processor, std::move(turn));
            self->Next();
          },
          std::move(facts));
      if (submitted) return;
      work->Refused(submitted.error());
    } catch (const std::exception&) {
      // No memory: the frame is dropped as one is that finds no worker.
    }
    standing_.NotTried(live->connection);
    GaveUp(*live, "overload");
    const base::MutexLock lock(mutex_);
    in_work_ = false;
    idle_.NotifyAll();
  }

  // It came, or waited for a worker, for longer than the camera's max_age.
  bool IsTooOld(const LivePicture& live) const {
    const milliseconds most = camera_->settings().max_age;
    return most > milliseconds(0) && context_.work.clock.Now() - live.taken > most;
  }

  void Work(LivePicture& live, process::FrameWork& work, process::Processor& processor,
            process::CameraTurns::Turn turn) noexcept {
    try {
      if (IsTooOld(live)) {
        turn.End();
        work.Dropped("max_age");
        standing_.NotTried(live.connection);
        return GaveUp(live, "max_age");
      }
      auto result = Look(live, work, processor, std::move(turn));
      if (result) {
        work.Completed(*result);
        Done(live, *result);
        context_.deliver(*result, live.timestamp, live.span.parent());
        return EndSpan("done", {}, live);
      }
      base::Error error = std::move(result.error());
      if (IsOfNoUse(error.code)) error.message = cameras::WhyNotLookedAt(live.shot, error);
      work.Failed(error);
      live.span.Fail(error);
      Failed(live, error);
    } catch (const std::exception&) {
      Failed(live, base::OutOfMemory().error());
    }
  }

  base::Result<frame::FrameResult> Look(LivePicture& live, process::FrameWork& work,
                                        process::Processor& processor,
                                        process::CameraTurns::Turn turn) {
    if (auto begun = work.Begin(); !begun) return std::unexpected(begun.error());
    if (live.shot.luma.data == nullptr) return work.Run(processor, live.frame, std::move(turn));
    return processor.Process(live.frame,
                             process::DecodedPicture{.luma = live.shot.luma,
                                                     .bgr = live.shot.bgr,
                                                     .format = live.shot.codec,
                                                     .took = live.decode,
                                                     .orientation = live.shot.orientation},
                             work.allowance(), std::move(turn));
  }

  void Done(const LivePicture& live, const frame::FrameResult& result) {
    standing_.LookedAt(live.connection);
    const base::MutexLock lock(mutex_);
    ++state_.looked_at;
    state_.width = result.width;
    state_.height = result.height;
  }

  void Failed(LivePicture& live, const base::Error& error) {
    if (IsOfNoUse(error.code)) {
      standing_.CannotLook(live.connection, error.message);
    } else {
      standing_.NotTried(live.connection);
    }
    GaveUp(live, "failed");
    const base::MutexLock lock(mutex_);
    if (IsPicturesFault(error.code)) ++state_.decoder_errors;
  }

  // Another frame is looked at in its place. `reason` is of static lifetime.
  void GaveUp(LivePicture& live, std::string_view reason) {
    EndSpan("dropped", reason, live);
    camera_->GiveBackLook(live.came_at);
    const base::MutexLock lock(mutex_);
    ++state_.dropped[reason];
  }

  // Goes on with the frame that came last, if one did.
  void Next() {
    LivePtr next;
    {
      const base::MutexLock lock(mutex_);
      next = std::exchange(waiting_, nullptr);
      in_work_ = next != nullptr;
      if (!in_work_) idle_.NotifyAll();
    }
    if (next) Submit(next);
  }

  const std::string id_;
  const frame::CameraPtr camera_;
  const WatchContext context_;
  const std::shared_ptr<resources::MemoryBudget> memory_;
  const ClipFeed clips_;
  const std::optional<net::Url> place_;
  Standing standing_;
  const base::CancelFlag cancel_;
  frame::LookPacer::Time came_at_{};  // the last picture; the reader's own

  mutable base::Mutex mutex_;
  base::CondVar idle_;
  cameras::CameraGauges state_ GUARDED_BY(mutex_);
  std::optional<base::MonoTime> last_ GUARDED_BY(mutex_);
  bool in_work_ GUARDED_BY(mutex_) = false;
  LivePtr waiting_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
};

CameraWatch::CameraWatch(std::string id, cameras::Options options, frame::CameraPtr camera,
                         const WatchContext& context)
    : id_(std::move(id)),
      options_(std::move(options)),
      context_(context),
      frames_(std::make_shared<Frames>(id_, options_, std::move(camera), context)),
      reader_([this] { Read(); }) {}

CameraWatch::~CameraWatch() {
  BeginStop();
  reader_.join();
  frames_->Cancel();
  frames_->standing().Close();
}

void CameraWatch::BeginStop() {
  stop_.Cancel();
  frames_->TakeNoMore();
}

void CameraWatch::Cancel() {
  BeginStop();
  frames_->Cancel();
}

bool CameraWatch::AwaitIdle(const base::Deadline& end) { return frames_->AwaitIdle(end); }

cameras::CameraGauges CameraWatch::gauges() const { return frames_->gauges(); }

bool CameraWatch::IsFor(const cameras::Options& options, const frame::CameraPtr& camera) const {
  return options_ == options && frames_->camera() == camera;
}

void CameraWatch::Read() {
  resilience::RetryPolicy pauses(kFirstPause, kLongestPause, context_.ids.Next());
  const base::Allowance allowance{.cancel = stop_};
  while (!stop_.Cancelled()) {
    milliseconds pause{0};
    try {
      const base::Result<void> read = ReadOnce();
      if (stop_.Cancelled()) return;
      if (read) break;
      if (read.error().code == ErrorCode::kUnauthorized) pause = logins_.Refused();
      frames_->standing().Away(read.error().message,
                               LoginPauses::Outlook(pause, context_.work.clock.Wall()));
    } catch (const std::exception&) {
      // No memory, not even to say so: what follows is the same.
    }
    if (pause == milliseconds(0)) pause = pauses.Pause(std::min(++failures_, kMostCounted));
    if (!logins_.Await(pause, [this] { return Password(); }, allowance)) return;
    frames_->Reconnects();
  }
  if (!stop_.Cancelled()) HasEnded();
}

// Until the source's end or failure.
base::Result<void> CameraWatch::ReadOnce() {
  const base::Allowance allowance{.cancel = stop_};
  auto password = Password();
  if (!password) return std::unexpected(std::move(password.error()));
  logins_.Tell(*password);
  auto source = cameras::OpenSource({.url = options_.url,
                                     .password = std::move(*password),
                                     .ca_file = options_.ca_file,
                                     .fps = options_.fps,
                                     .loop = options_.loop,
                                     .transport = options_.transport,
                                     .decode = options_.decode,
                                     .stall_after = options_.stall_after,
                                     .keep_encoded = frames_->clips().Wants()},
                                    {context_.source.codec, context_.source.net, frames_->memory(),
                                     context_.source.budget_patience, context_.source.video_module},
                                    allowance);
  if (!source) return std::unexpected(std::move(source.error()));
  Standing& standing = frames_->standing();
  // Opened again, files begin with what they have given.
  const bool gives_once = cameras::NamesFile(options_.url) && !options_.loop;
  int damaged = 0;
  int without_memory = 0;
  std::optional<base::MonoTime> first;
  while (!stop_.Cancelled()) {
    const base::MonoTime cpu_since = base::ThreadCpuClock().Now();
    auto shot = (*source)->Next(
        [this](std::optional<base::WallTime> taken) { return frames_->Came(taken); }, allowance);
    if (shot && !*shot) return {};
    if (shot) {
      damaged = 0;
      without_memory = 0;
      const base::MonoTime now = base::SystemClock().Now();
      if (now - first.emplace(first.value_or(now)) >= kSettled) failures_ = 0;
      logins_.Taken();
      standing.Came();
      if ((*shot)->passed_over) {
        frames_->PassOver(**shot);
      } else {
        frames_->Offer(std::move(**shot), base::ThreadCpuClock().Now() - cpu_since);
      }
      continue;
    }
    const ErrorCode code = shot.error().code;
    frames_->SourceFailed(code);
    if (code == ErrorCode::kOverloaded && ++without_memory == kManyWithoutMemory) {
      standing.FindsNoMemory();
    }
    if (!(*source)->CanGoOn() || (++damaged >= kMostDamaged && !gives_once)) {
      return std::unexpected(std::move(shot.error()));
    }
    if (code != ErrorCode::kOverloaded && code != ErrorCode::kCancelled) {
      standing.CannotLook(standing.connection(), shot.error().message);
    }
  }
  return {};
}

base::Result<std::string> CameraWatch::Password() const {
  if (options_.password_file.empty()) return std::string();
  auto text = base::ReadOneLine(options_.password_file, base::Reading::kAgain);
  if (!text) {
    return base::Fail(ErrorCode::kConfig, "the password file " + options_.password_file +
                                              " cannot be read: " + text.error().message);
  }
  return std::move(*text);
}

// What has become of the last pictures belongs to what is told.
void CameraWatch::HasEnded() noexcept {
  try {
    frames_->standing().HasEnded();
    while (!frames_->AwaitIdle(base::Deadline(base::SystemClock(), kLookAtStop))) {
      if (stop_.Cancelled()) return;
    }
    frames_->standing().End();
  } catch (const std::exception&) {
    // No memory to say so; the gauges tell that it has ended.
  }
}

}  // namespace sampleproc::live
