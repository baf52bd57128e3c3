// One step of the pipeline: looks at the pixels, adds to the result.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/id_source.h"
#include "frame/camera.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "process/camera_states.h"
#include "process/camera_turns.h"
#include "process/picture.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// What a step has to be given, so that a door does no more than the steps of its pipeline need.
struct StepNeeds {
  static constexpr int kFullSize = std::numeric_limits<int>::max();

  int luma_width = kFullSize;  // so wide the luma must be at least, unless the source is smaller
  bool colour = false;         // may ask for the colour picture
  bool camera_order = false;   // a camera's frames must come to it in their order
  bool candidates = false;     // asks detectors for what they do not report
  // Memory that it takes beside the pictures, for each pixel of the source and at the least: so
  // that a frame that can never fit is refused by its header.
  std::uint64_t bytes_per_pixel = 0;
};

// Takes the events of a camera in their order, whatever becomes of the frames that they were told
// with. Called under the lock of the camera's state: it must be quick, and must not throw.
using TakeEvents = std::function<void(std::span<const frame::Event>)>;

// What a detector found and does not report.
struct Candidate {
  frame::Detection detection;
  bool is_weak = false;  // less sure than the detector's threshold; else nothing moved there lately
};

// What a step gets to see. All of it is valid for the duration of Run only.
struct StepInput {
  const frame::Frame& frame;
  const frame::CameraSettings& camera;  // the parameters that a camera may have of its own
  Picture& picture;
  CameraTurns::Turn& turn;  // a step that needs the order waits on it before it uses `cameras`
  CameraStates& cameras;
  const base::Allowance& allowance;
  resources::MemoryBudget& budget;
  std::chrono::milliseconds budget_patience;  // for the step's own reservations
  // Where something moved in the camera's last frames, this one included: the motion step says it
  // to those after it. Null: nobody asks.
  std::vector<frame::Bbox>* moved_lately = nullptr;
  // What detectors found and do not report, for a step after them. Null: no step asks.
  std::vector<Candidate>* candidates = nullptr;
  // When the frame was taken, as it says, and when it came; if that is known (frame::CameraTime).
  std::optional<std::chrono::microseconds> taken = std::nullopt;
  std::optional<std::chrono::microseconds> came = std::nullopt;
  // Who is told of events as they are made, besides the frame's result. Null: nobody.
  const TakeEvents* take_events = nullptr;
  // The camera's mask, ready to be asked. Null: there is none.
  const frame::Mask* mask = nullptr;
  // Makes ids that nobody else has. Null: ids are the same whenever the same frames come.
  base::IdSource* ids = nullptr;
  // Somebody keeps pictures of events: FrameResult::snapshots is asked for.
  bool keeps_snapshots = false;
  bool keeps_clips = false;  // somebody keeps clips of events
  // The frame was looked at before: only what a step remembers of its camera is wanted.
  bool only_memory = false;
};

// Each worker has its own object of each step, so Run needs no lock for scratch and detectors.
class Step {
 public:
  virtual ~Step() = default;

  virtual std::string_view Name() const = 0;

  // The same for the object's whole life.
  virtual StepNeeds Needs() const { return {}; }

  // Whether it leaves out what is too unsure by a threshold of its own. Such a step names itself as
  // the detector of what it finds.
  virtual bool HasOwnThreshold() const { return false; }

  // Adds what it found to `result`. A step that has nothing to look at sets `report.skipped` and
  // succeeds; a failure ends the frame.
  virtual base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                                 frame::StepReport& report) = 0;
};

}  // namespace sampleproc::process
