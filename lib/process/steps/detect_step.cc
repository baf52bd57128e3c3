#include <algorithm>
#include <memory>
#include <utility>

#include "process/steps/motion_gate.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

class DetectStep : public Step {
 public:
  DetectStep(const Options& options, std::shared_ptr<const SharedDetector> shared)
      : shared_(std::move(shared)), weak_threshold_(options.track.weak_threshold) {}

  std::string_view Name() const override { return options().name; }
  StepNeeds Needs() const override { return {.luma_width = 0, .colour = true}; }
  bool HasOwnThreshold() const override { return options().threshold > 0; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport& report) override {
    const Look look = Decide(input, result);
    if (!look.skipped.empty()) {
      report.skipped = look.skipped;
      return {};
    }
    const auto memory = input.budget.Reserve(
        static_cast<std::size_t>(shared_->detector->BytesFor(input.picture.width())), Name(),
        input.budget_patience, input.allowance);
    if (!memory) return std::unexpected(memory.error());
    const auto bgr = input.picture.Bgr();
    if (!bgr) return std::unexpected(bgr.error());
    const double threshold = HasOwnThreshold() && !input.camera.own_threshold
                                 ? options().threshold
                                 : input.camera.threshold;
    const double least =
        input.candidates != nullptr ? std::min(threshold, weak_threshold_) : threshold;
    auto found = shared_->detector->Find(*bgr, {least, options().nms, options().classes},
                                         input.allowance, scratch_);
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
  const detect::DetectorOptions& options() const { return shared_->detector->options(); }

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
    const bool due =
        when.kind == detect::When::Kind::kAtLeast && input.frame.camera_id &&
        shared_->looks->IsDue(*input.frame.camera_id, input.camera.is_configured, when.every);
    if (!motion.watched || due) return {};
    if (!motion.moved) return {"no_motion", false};
    return {{}, true};
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

  const std::shared_ptr<const SharedDetector> shared_;
  const double weak_threshold_;  // of what a later step asks for
  detect::Detector::Scratch scratch_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeDetectStep(const Options& options,
                                                   std::shared_ptr<const SharedDetector> shared) {
  return std::make_unique<DetectStep>(options, std::move(shared));
}

}  // namespace sampleproc::process
