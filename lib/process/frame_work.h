// A frame on its way through a worker, whichever door it came through.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/span.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "process/frame_tracker.h"
#include "process/metrics.h"
#include "process/processor.h"

namespace sampleproc::cameras {
class Roster;
}

namespace sampleproc::process {

// What is told of a frame's way; must outlive the frame's work.
struct WorkContext {
  FrameTracker& tracker;
  const base::Clock& clock;
  Metrics& metrics;
  cameras::Roster* roster = nullptr;  // null: nobody asks for cameras
  std::string_view door = {};         // one of the roster's, by which frames come
  bool tells_roster = false;          // the door itself tells the roster what comes
};

// From a frame's acceptance to its result, tracked: VALIDATED by what can be seen without reading
// it, QUEUED for a worker, PROCESSING from the worker's first touch, COMPLETED or FAILED, then
// ARCHIVED. Used by one thread at a time.
//
// It is the span "frame", under which are "queue", and what is done with its allowance.
class FrameWork {
 public:
  // A frame that has been accepted and waits for a worker.
  FrameWork(const WorkContext& context, std::string_view id, const base::Allowance& allowance);

  // Whose frame it is, for its span and its camera.
  void Describe(std::string_view frame_id, const std::optional<std::string>& camera_id) noexcept;
  // The same where only its camera is known yet.
  void OfCamera(const std::optional<std::string>& camera_id) noexcept;

  // It waits for something else than a worker, and after that for a worker again.
  void LeaveQueue() noexcept;
  void EnterQueue() noexcept;

  // A worker takes it from the queue, if only to refuse it. Part of Begin.
  void Taken() noexcept;

  // On a worker, first thing: fails when the time that the frame may take is over.
  base::Result<void> Begin();

  // Decodes and looks. After Begin; the frame has an id.
  base::Result<frame::FrameResult> Run(Processor& processor, const frame::Frame& frame,
                                       CameraTurns::Turn turn);

  // While its answer is written: the span and the stage "encode", which end with the scope.
  class Encoding {
   public:
    explicit Encoding(FrameWork& work)
        : work_(work), span_(work.allowance_.trace.Begin("encode")), begun_(work.clock_.Now()) {}
    ~Encoding() { work_.metrics_.StageEnded("encode", work_.clock_.Now() - begun_); }
    Encoding(const Encoding&) = delete;
    Encoding& operator=(const Encoding&) = delete;

   private:
    FrameWork& work_;
    const base::Span span_;
    const base::MonoTime begun_;
  };

  // After Begin, instead of an end: the frame failed by no fault of its own and waits for a worker
  // once more. Its time is what `allowance` says from now on.
  void TryAgain(const base::Allowance& allowance);

  // What became of the frame, counted; once. Refused: no worker ever had it.
  void Completed(const frame::FrameResult& result);
  void Failed(const base::Error& error);
  void Refused(const base::Error& error);
  // Nobody wants it any more, by a stable word: only its camera is told.
  void Dropped(std::string_view reason) noexcept;

  const base::Allowance& allowance() const { return allowance_; }
  // How long it waited for the worker that has it.
  std::chrono::nanoseconds queued() const { return queued_; }

 private:
  // Every step here is one that the table of states has, so its result says nothing new.
  void Go(frame::FrameAction action) { (void)tracked_.Apply(action); }
  void Lost(const base::Error& error) noexcept;
  void SetIds(std::string_view frame_id, const std::optional<std::string>& camera_id) noexcept;

  const base::Clock& clock_;
  Metrics& metrics_;
  cameras::Roster* roster_;  // null once the camera knows what became of the frame
  const std::string_view door_;
  const bool door_tells_;
  std::string camera_;                   // whose frame it is; "" while that is not known
  std::optional<base::WallTime> taken_;  // when, as the frame says
  TrackedFrame tracked_;
  base::Span frame_;
  base::Allowance allowance_;
  base::Span queue_;
  base::MonoTime handed_over_;           // to the queue that it is in
  std::chrono::nanoseconds earlier_{0};  // that it has waited there before it left
  std::chrono::nanoseconds queued_{0};
};

}  // namespace sampleproc::process
