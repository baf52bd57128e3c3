// The corridor: what happens to a frame between a door and its result, the same for every door.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/id_source.h"
#include "cameras/directory.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "process/camera_states.h"
#include "process/camera_turns.h"
#include "process/detectors.h"
#include "process/options.h"
#include "process/pipeline.h"
#include "resources/drain_estimate.h"
#include "resources/heavy_lane.h"
#include "resources/memory_budget.h"

namespace sampleproc::cameras {
class Stills;
}
namespace sampleproc::history {
class Clips;
class Snapshots;
struct SnapshotPicture;
}  // namespace sampleproc::history

namespace sampleproc::process {

class Metrics;

// What all processors of a service share; the references must outlive them.
struct ProcessorContext {
  const Options& options;
  const codec::Options& codec;
  resources::MemoryBudget& budget;
  const base::Clock& clock;
  CameraStates& cameras;
  resources::HeavyLane* heavy = nullptr;  // for frames over process.heavy_pixels; null: no order
  resources::DrainEstimate* drain = nullptr;  // what a pool tells of its queue; null: nobody asks
  // The networks that all processors share; null: each opens its own.
  std::shared_ptr<Detectors> detectors = nullptr;
  // What is configured for single cameras; null: all are looked at as `options` says.
  const cameras::Directory* directory = nullptr;
  bool is_live = false;  // frames come as they are taken, or soon after (frame::CameraTime)
  // Only the steps that leave something behind in their camera's state, or all where one of them
  // depends on what others find: for frames that have been looked at before.
  bool only_memory = false;
  const TakeEvents* take_events = nullptr;  // StepInput::take_events
  // Who looks at cameras; null: nobody can.
  cameras::Stills* stills = nullptr;
  base::IdSource* ids = nullptr;  // StepInput::ids
  Metrics* metrics = nullptr;     // told of each frame's times; null: nobody asks
  // Who keeps pictures of events; null: nobody does.
  history::Snapshots* snapshots = nullptr;
  // Who keeps clips of events; null: nobody does.
  history::Clips* clips = nullptr;
  // The door keeps the pictures: it finds FrameResult::snapshots filled in. Not with `snapshots`.
  bool tells_snapshots = false;
};

// A frame whose pixels a door has decoded itself, as the reader of a video does. They are the
// door's, stay as they are until Process returns, and are paid for by the door.
struct DecodedPicture {
  frame::Image luma;                 // kGray8, at the source's size
  std::optional<frame::Image> bgr;   // kBgr24 of the same size; only a pipeline that needs colour
                                     // (Processor::needs) has a use for it, and must be given it
  std::string_view format;           // as the record is to call it
  std::chrono::nanoseconds took{0};  // that it took to decode it; 0: nobody has measured
  int orientation = 1;               // EXIF's number; it has been applied
};

// How frames are looked at where nothing is configured for their camera.
frame::CameraSettings DefaultSettings(const Options& options);

// Owned and used by one thread: it holds that thread's pixel memory and step objects.
class Processor {
 public:
  // Makes the pipelines of all cameras. Fails with kConfig when one cannot be made, kUnavailable
  // when a step's module is missing.
  static base::Result<Processor> Make(const ProcessorContext& context);

  // What the pipelines need that it was made with: a door that decodes by itself need not make
  // more.
  const StepNeeds& needs() const { return needs_; }

  // Decode -> the steps of the frame's camera -> threshold. A frame that comes too soon for its
  // camera's fps, by its own timestamp where it has one, is decoded only, and its steps are
  // reported as skipped: "fps". One that fails does not count for that. A frame that can
  // never fit the memory budget, its own bytes included, is kInvalidFrame by its header. A frame
  // over `options.heavy_pixels` holds the heavy lane from the moment its header is known to the
  // end, and waits for it at most `options.heavy_patience`. The frame may stay in work for the
  // shorter of the allowance and `options.deadline`. Fails as codec::Decode and the steps fail. Out
  // of memory is kOverloaded; any other exception of a library below is kInternal; none comes out.
  // A frame that is late only because it waited for others, for its turn or in the lane, is
  // kOverloaded: another frame's fault. `frame` must have an id.
  //
  // `turn` is the frame's place among its camera's; it is declared here and over when this returns
  // or sooner. Without one the frames of each camera must come one after the other.
  base::Result<frame::FrameResult> Process(const frame::Frame& frame,
                                           const base::Allowance& allowance,
                                           CameraTurns::Turn turn = {});

  // The same for a frame that is decoded already; of `frame` only the names are looked at.
  base::Result<frame::FrameResult> Process(const frame::Frame& frame, const DecodedPicture& decoded,
                                           const base::Allowance& allowance,
                                           CameraTurns::Turn turn = {});

  // The frame with the result's boxes drawn on it, as a JPEG. Fails likewise.
  base::Result<base::ByteBuffer> Annotate(const frame::Frame& frame,
                                          const frame::FrameResult& result,
                                          const base::Allowance& allowance);

  // The same for a frame that is decoded already, in colour.
  base::Result<base::ByteBuffer> Annotate(const frame::Image& bgr, const frame::FrameResult& result,
                                          const base::Allowance& allowance);

  // The frame in colour as a small JPEG, its longer side kStillSide pixels or less
  // (process/still.h). Fails likewise.
  base::Result<std::string> Shrunk(const frame::Frame& frame, const base::Allowance& allowance);

  // The same for a frame that is decoded already.
  base::Result<std::string> Shrunk(const frame::Image& picture, const base::Allowance& allowance);

 private:
  // A look that a camera's fps has granted to a frame. Given back with its end, unless it is used.
  class GrantedLook {
   public:
    GrantedLook(frame::CameraPtr camera, frame::LookPacer::Time time)
        : camera_(std::move(camera)), time_(time) {}
    GrantedLook(GrantedLook&&) noexcept = default;
    GrantedLook& operator=(GrantedLook&&) = delete;
    ~GrantedLook() {
      if (camera_ != nullptr) camera_->GiveBackLook(time_);
    }
    void Use() { camera_ = nullptr; }

   private:
    frame::CameraPtr camera_;  // null: nothing to give back
    frame::LookPacer::Time time_{};
  };

  // What is done to one frame.
  struct Plan {
    frame::CameraPtr camera;
    Pipeline& pipeline;
    bool look;  // else the steps are skipped
    std::optional<GrantedLook> granted;
    const StepNeeds& needs;   // of what is done
    CameraTurns::Turn& turn;  // declared
  };

  Processor(const ProcessorContext& context, StepSet steps)
      : context_(context),
        steps_(std::make_unique<StepSet>(std::move(steps))),
        default_camera_(std::make_shared<const frame::Camera>(DefaultSettings(context.options))) {}

  base::Result<Pipeline*> PipelineOf(const std::vector<std::string>& steps);
  base::Result<Plan> MakePlan(const frame::Frame& frame, const base::Allowance& allowance,
                              CameraTurns::Turn& turn);
  // Whatever comes of it, `result` has the times of what was done.
  base::Result<void> DecodeAndRun(const frame::Frame& frame, const Plan& plan,
                                  resources::MemoryBudget& own, const base::Allowance& allowance,
                                  frame::FrameResult& result);
  base::Result<void> Admit(const frame::Frame& frame, std::uint64_t pixels, const Plan& plan,
                           const resources::MemoryBudget& own, const base::Allowance& allowance,
                           resources::HeavyLane::Slot& heavy, frame::FrameTimes& times);
  template <typename Work>
  base::Result<frame::FrameResult> Measured(std::size_t held, const CameraTurns::Turn& turn,
                                            const Work& work);
  base::Result<void> Run(const frame::Frame& frame, const Plan& plan, Picture& picture,
                         resources::MemoryBudget& own, const base::Allowance& allowance,
                         frame::FrameResult& result);
  base::Result<std::string> ShrunkOf(const frame::Image& picture, resources::MemoryBudget& own,
                                     const base::Allowance& allowance) const;
  void GiveStills(const frame::Frame& frame, Picture& picture, const frame::FrameResult& result,
                  resources::MemoryBudget& own, const base::Allowance& allowance);
  base::Result<frame::Image> SmallPicture(const frame::Frame& frame, Picture& picture, int side,
                                          resources::MemoryBudget& own,
                                          const base::Allowance& allowance,
                                          resources::Reservation& memory);
  static std::optional<std::chrono::microseconds> SaidTime(const frame::Frame& frame);
  std::optional<std::chrono::microseconds> ArrivalOf(const frame::Frame& frame) const;
  void GiveSnapshots(const frame::Frame& frame, Picture& picture, frame::FrameResult& result,
                     resources::MemoryBudget& own, const base::Allowance& allowance);
  base::Result<std::shared_ptr<const history::SnapshotPicture>> SnapshotOf(
      const frame::Frame& frame, Picture& picture, frame::FrameResult& result,
      resources::MemoryBudget& own, const base::Allowance& allowance);
  bool KeepsClips(const frame::Frame& frame, const Plan& plan) const;
  void GiveClipInput(const frame::Frame& frame, const frame::FrameResult& result) const;
  void MakeClipInput(const frame::Frame& frame, Picture& picture, resources::MemoryBudget& own,
                     const base::Allowance& allowance);
  void Trim();

  ProcessorContext context_;
  std::unique_ptr<StepSet> steps_;
  frame::CameraPtr default_camera_;  // without a directory
  // By their steps; a reload may bring more.
  std::map<std::vector<std::string>, Pipeline> pipelines_;
  StepNeeds needs_;
  codec::Scratch scratch_;
  codec::Scratch colour_scratch_;  // the colour picture beside the gray one
};

}  // namespace sampleproc::process
