#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "frame/camera_time.h"
#include "process/steps/motion_gate.h"
#include "process/steps/motion_part.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

// When all of a camera's picture was last looked at, by the times of its frames.
class LastLook : public CameraStates::State {
 public:
  // Whether `every` has passed since the last look, or there was none; if so, this is the next one.
  // Each frame is to be told.
  bool IsDue(const StepInput& input, std::chrono::milliseconds every) {
    const frame::CameraTime::Time now = time_.Take(input.taken, input.came);
    if (order_.Take(now) == frame::TimeOrder::Place::kAnew) last_.reset();
    if (last_ && now - *last_ < every) return false;
    last_ = now;
    return true;
  }

 private:
  frame::CameraTime time_;
  frame::TimeOrder order_;
  std::optional<frame::CameraTime::Time> last_;
};

class DetectStep : public Step {
 public:
  DetectStep(const Options& options, std::shared_ptr<detect::Detector> detector)
      : detector_(std::move(detector)), weak_threshold_(options.track.weak_threshold) {}

  std::string_view Name() const override { return options().name; }
  StepNeeds Needs() const override {
    return {.luma_width = 0, .colour = true, .camera_order = LooksNowAndThen()};
  }
  bool HasOwnThreshold() const override { return options().threshold > 0; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport& report) override {
    if (LooksNowAndThen()) {
      if (auto come = input.turn.Wait(input.allowance); !come) return come;
    }
    const Look look = Decide(input, result);
    // The network itself needs no order.
    if (LooksNowAndThen()) input.turn.EndStage();
    if (!look.skipped.empty()) {
      report.skipped = look.skipped;
      return {};
    }
    if (input.only_memory) return {};
    const auto memory =
        input.budget.Reserve(static_cast<std::size_t>(detector_->BytesFor(input.picture.width())),
                             Name(), input.budget_patience, input.allowance);
    if (!memory) return std::unexpected(memory.error());
    const auto bgr = input.picture.Bgr();
    if (!bgr) return std::unexpected(bgr.error());
    const double threshold = HasOwnThreshold() && !input.camera.own_threshold
                                 ? options().threshold
                                 : input.camera.threshold;
    const double least =
        input.candidates != nullptr ? std::min(threshold, weak_threshold_) : threshold;
    auto found = Find(input, *bgr, {least, options().nms, options().classes}, threshold, look);
    if (!found) return std::unexpected(found.error());
    for (frame::Detection& detection : *found) {
      const bool is_weak = detection.confidence < threshold;
      if (!is_weak && (!look.at_motion || HasMoved(input, detection))) {
        result.detections.push_back(std::move(detection));
      } else if (input.candidates != nullptr) {
        input.candidates->push_back({std::move(detection), is_weak});
      }
    }
    return {};
  }

 private:
  const detect::DetectorOptions& options() const { return detector_->options(); }
  bool LooksNowAndThen() const { return options().when.kind == detect::When::Kind::kAtLeast; }

  struct Look {
    std::string_view skipped = {};  // why the frame is not searched
    bool at_motion = false;         // only where something moved lately
  };

  Look Decide(const StepInput& input, const frame::FrameResult& result) const {
    const detect::When& when = options().when;
    if (when.kind == detect::When::Kind::kAlways) return {};
    const MotionGate motion = ReadMotion(result);
    if (!motion.refused.empty()) return {motion.refused, false};
    // What nobody watches is searched whole, as is all of a picture whose time has come; the former
    // counts as a look as well.
    const bool due = LooksNowAndThen() && motion.known && input.frame.camera_id && IsDue(input);
    if (!motion.watched || due) return {};
    if (!motion.moved) return {"no_motion", false};
    return {{}, true};
  }

  // A camera without a place among those that are remembered is not watched for motion either.
  bool IsDue(const StepInput& input) const {
    const std::function<std::unique_ptr<CameraStates::State>()> make = [] {
      return std::make_unique<LastLook>();
    };
    auto lease =
        input.cameras.Use(*input.frame.camera_id,
                          {.shape = 0, .bytes = sizeof(LastLook), .make = make, .step = Name()});
    return lease && static_cast<LastLook&>(lease->state()).IsDue(input, options().when.every);
  }

  using Found = base::Result<std::vector<frame::Detection>>;

  // In a part of the picture where that shows what moved larger. What is reported of it and may go
  // on beyond it is no good: then all of the picture is looked at.
  Found Find(const StepInput& input, const frame::Image& bgr, const detect::Detector::Query& query,
             double threshold, const Look& look) {
    const auto part =
        look.at_motion && input.moved_lately != nullptr
            ? PartAround(*input.moved_lately, bgr.width, bgr.height, detector_->input_shape())
            : std::nullopt;
    if (!part) return detector_->Find(bgr, query, input.allowance, scratch_);
    const frame::Image cut{bgr.Row(part->y1) + std::ptrdiff_t{3} * part->x1, part->x2 - part->x1,
                           part->y2 - part->y1, bgr.stride, bgr.format};
    Found found = detector_->Find(cut, query, input.allowance, scratch_);
    if (!found) return found;
    for (frame::Detection& detection : *found) {
      frame::Bbox& box = detection.bbox;
      box = {box.x1 + part->x1, box.y1 + part->y1, box.x2 + part->x1, box.y2 + part->y1};
    }
    const bool is_torn = std::ranges::any_of(*found, [&](const frame::Detection& detection) {
      return detection.confidence >= threshold && HasMoved(input, detection) &&
             IsCutOff(detection.bbox, *part, bgr.width, bgr.height);
    });
    return is_torn ? detector_->Find(bgr, query, input.allowance, scratch_) : found;
  }

  static bool HasMoved(const StepInput& input, const frame::Detection& detection) {
    return input.moved_lately == nullptr ||
           std::ranges::any_of(*input.moved_lately, [&](const frame::Bbox& moved) {
             return Touch(detection.bbox, moved);
           });
  }

  static bool Touch(const frame::Bbox& a, const frame::Bbox& b) {
    return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2;
  }

  const std::shared_ptr<detect::Detector> detector_;
  const double weak_threshold_;  // of what a later step asks for
  detect::Detector::Scratch scratch_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeDetectStep(const Options& options,
                                                   std::shared_ptr<detect::Detector> detector) {
  return std::make_unique<DetectStep>(options, std::move(detector));
}

}  // namespace sampleproc::process
