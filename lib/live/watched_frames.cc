#include "live/watched_frames.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/out_of_memory.h"
#include "cameras/memory.h"
#include "cameras/roster.h"
#include "frame/frame_time.h"

namespace sampleproc::live {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr const char* kNoMemory = "memory";

bool IsPicturesFault(ErrorCode code) {
  return code == ErrorCode::kInvalidFrame || code == ErrorCode::kUnsupportedFormat;
}

// Another try would end in the same way.
bool IsOfNoUse(ErrorCode code) { return IsPicturesFault(code) || code == ErrorCode::kTooLarge; }

}  // namespace

WatchedFrames::WatchedFrames(std::string id, const cameras::Options& options,
                             frame::CameraPtr camera, const WatchContext& context)
    : id_(std::move(id)),
      camera_(std::move(camera)),
      context_(context),
      memory_(std::make_shared<resources::MemoryBudget>(
          context.source.budget, cameras::ShareOfOne(context.source.budget))),
      clips_(id_, camera_, context.clips),
      place_(PlaceOf(options.url)),
      standing_({id_, cameras::NamesFile(options.url), options.stall_after}, context.work.clock,
                context.conditions, context.log) {}

void WatchedFrames::PassOver(const cameras::Shot& shot) {
  standing_.NotTried(standing_.connection());
  clips_.Hold(shot, shot.taken.value_or(context_.work.clock.Wall()));
}

bool WatchedFrames::Came(std::optional<base::WallTime> taken) {
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

void WatchedFrames::Offer(cameras::Shot shot, std::chrono::nanoseconds decode) {
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

void WatchedFrames::SourceFailed(ErrorCode code) {
  camera_->GiveBackLook(came_at_);
  const base::MutexLock lock(mutex_);
  if (IsPicturesFault(code)) ++state_.decoder_errors;
  if (code != ErrorCode::kOverloaded) return;
  ++state_.dropped[kNoMemory];
  if (context_.work.roster != nullptr) context_.work.roster->Lost(id_, kNoMemory);
}

void WatchedFrames::Reconnects() {
  const base::MutexLock lock(mutex_);
  ++state_.reconnects;
}

void WatchedFrames::TakeNoMore() {
  const base::MutexLock lock(mutex_);
  stopped_ = true;
  waiting_ = nullptr;
}

bool WatchedFrames::AwaitIdle(const base::Deadline& end) {
  const base::MutexLock lock(mutex_);
  while (in_work_ && !end.Expired()) idle_.WaitUntil(mutex_, end);
  return !in_work_;
}

cameras::CameraGauges WatchedFrames::gauges() const {
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

void WatchedFrames::Submit(const LivePtr& live) noexcept {
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
  Next();
}

bool WatchedFrames::IsTooOld(const LivePicture& live) const {
  const milliseconds most = camera_->settings().max_age;
  return most > milliseconds(0) && context_.work.clock.Now() - live.taken > most;
}

void WatchedFrames::Work(LivePicture& live, process::FrameWork& work, process::Processor& processor,
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

base::Result<frame::FrameResult> WatchedFrames::Look(LivePicture& live, process::FrameWork& work,
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

void WatchedFrames::Done(const LivePicture& live, const frame::FrameResult& result) {
  standing_.LookedAt(live.connection);
  const base::MutexLock lock(mutex_);
  ++state_.looked_at;
  state_.width = result.width;
  state_.height = result.height;
}

void WatchedFrames::Failed(LivePicture& live, const base::Error& error) {
  if (IsOfNoUse(error.code)) {
    standing_.CannotLook(live.connection, error.message);
  } else {
    standing_.NotTried(live.connection);
  }
  GaveUp(live, "failed");
  const base::MutexLock lock(mutex_);
  if (IsPicturesFault(error.code)) ++state_.decoder_errors;
}

void WatchedFrames::GaveUp(LivePicture& live, std::string_view reason) {
  EndSpan("dropped", reason, live);
  camera_->GiveBackLook(live.came_at);
  const base::MutexLock lock(mutex_);
  ++state_.dropped[reason];
}

void WatchedFrames::Next() {
  LivePtr next;
  {
    const base::MutexLock lock(mutex_);
    next = std::exchange(waiting_, nullptr);
    in_work_ = next != nullptr;
    if (!in_work_) idle_.NotifyAll();
  }
  if (next) Submit(next);
}

}  // namespace sampleproc::live
