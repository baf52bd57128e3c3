// The frames of one camera whose pictures the service takes itself: at most two on their way.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/id_source.h"
#include "base/log.h"
#include "base/mutex.h"
#include "cameras/camera_gauges.h"
#include "cameras/options.h"
#include "cameras/picture_source.h"
#include "frame/camera.h"
#include "frame/frame_result.h"
#include "history/clips.h"
#include "live/clip_feed.h"
#include "live/live_picture.h"
#include "live/logins.h"
#include "live/standing.h"
#include "net/url.h"
#include "process/frame_work.h"
#include "process/worker_pool.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"
#include "telemetry/tracer.h"

namespace sampleproc::live {

// What a watch uses; all of it must outlive the watch and the pool's workers.
struct WatchContext {
  process::WorkerPool& pool;
  process::WorkContext work;
  cameras::SourceContext source;  // its budget is that of all cameras, each has a share of it
  base::IdSource& ids;
  telemetry::Conditions& conditions;  // told of a camera that is away
  base::Logger& log;
  Logins& logins;  // of all cameras
  // Takes what was found, in a worker's thread; `timestamp` is when the picture came, in seconds
  // since 1970, `trace` the span of its way here.
  std::function<void(const frame::FrameResult& result, const std::string& timestamp,
                     const base::SpanParent& trace)>
      deliver;
  history::Clips* clips = nullptr;            // who keeps clips of events; null: nobody does
  const telemetry::Tracer* tracer = nullptr;  // null: nothing is traced
};

// What is shared by a watch's reader and the workers, and outlives the watch while a worker is at
// it. One frame is in work, the latest that comes meanwhile waits, the others are dropped.
// Thread-safe, but for Came, Offer, PassOver and SourceFailed, which are the reader's.
class WatchedFrames : public std::enable_shared_from_this<WatchedFrames> {
 public:
  WatchedFrames(std::string id, const cameras::Options& options, frame::CameraPtr camera,
                const WatchContext& context);

  const frame::CameraPtr& camera() const { return camera_; }
  resources::MemoryBudget& memory() const { return *memory_; }
  Standing& standing() { return standing_; }
  const ClipFeed& clips() const { return clips_; }

  // Nobody looks at it.
  void PassOver(const cameras::Shot& shot);

  // A picture has come; whether it is to be looked at.
  bool Came(std::optional<base::WallTime> taken);

  // `decode` is the CPU time that was taken to have it.
  void Offer(cameras::Shot shot, std::chrono::nanoseconds decode);

  // The reader's source has failed; of a picture that came it has no pixels.
  void SourceFailed(base::ErrorCode code);
  // The reader opens its source again.
  void Reconnects();

  // Takes back what waits; what comes from now on is dropped.
  void TakeNoMore();
  // Ends a frame that is in work.
  void Cancel() const { cancel_.Cancel(); }
  // Until no worker has a frame, nor is about to. False when `end` came first.
  bool AwaitIdle(const base::Deadline& end);

  cameras::CameraGauges gauges() const;

 private:
  using LivePtr = std::shared_ptr<LivePicture>;

  void Submit(const LivePtr& live) noexcept;

  // It came, or waited for a worker, for longer than the camera's max_age.
  bool IsTooOld(const LivePicture& live) const;

  void Work(LivePicture& live, process::FrameWork& work, process::Processor& processor,
            process::CameraTurns::Turn turn) noexcept;
  base::Result<frame::FrameResult> Look(LivePicture& live, process::FrameWork& work,
                                        process::Processor& processor,
                                        process::CameraTurns::Turn turn);
  void Done(const LivePicture& live, const frame::FrameResult& result);
  void Failed(LivePicture& live, const base::Error& error);
  // Another frame is looked at in its place. `reason` is of static lifetime.
  void GaveUp(LivePicture& live, std::string_view reason);
  // Goes on with the frame that came last, if one did.
  void Next();

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

}  // namespace sampleproc::live
