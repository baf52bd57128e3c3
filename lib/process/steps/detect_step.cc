#include <memory>
#include <utility>

#include "process/steps/motion_gate.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

class DetectStep : public Step {
 public:
  DetectStep(const Options& options, std::shared_ptr<const SharedDetector> shared)
      : shared_(std::move(shared)), default_threshold_(options.detection_threshold) {}

  std::string_view Name() const override { return options().name; }
  StepNeeds Needs() const override { return {.luma_width = 0, .colour = true}; }
  bool HasOwnThreshold() const override { return options().threshold > 0; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport& report) override {
    const std::string_view skipped = WhyNot(input, result);
    if (!skipped.empty()) {
      report.skipped = skipped;
      return {};
    }
    const auto memory = input.budget.Reserve(
        static_cast<std::size_t>(shared_->detector->BytesFor(input.picture.width())), Name(),
        input.budget_patience, input.allowance);
    if (!memory) return std::unexpected(memory.error());
    const auto bgr = input.picture.Bgr();
    if (!bgr) return std::unexpected(bgr.error());
    const double threshold = HasOwnThreshold() ? options().threshold : default_threshold_;
    auto found = shared_->detector->Find(*bgr, {threshold, options().nms, options().classes},
                                         input.allowance, scratch_);
    if (!found) return std::unexpected(found.error());
    result.detections.insert(result.detections.end(), std::make_move_iterator(found->begin()),
                             std::make_move_iterator(found->end()));
    return {};
  }

 private:
  const detect::DetectorOptions& options() const { return shared_->detector->options(); }

  // Why the frame is not searched; "" when it is.
  std::string_view WhyNot(const StepInput& input, const frame::FrameResult& result) const {
    const detect::When& when = options().when;
    if (when.kind == detect::When::Kind::kAlways) return {};
    const MotionGate motion = ReadMotion(result);
    if (!motion.refused.empty()) return motion.refused;
    const bool wanted = !motion.watched || motion.moved;
    if (when.kind == detect::When::Kind::kAtLeast && input.frame.camera_id) {
      if (!wanted && shared_->looks->IsDue(*input.frame.camera_id, when.every)) return {};
      if (wanted) shared_->looks->Looked(*input.frame.camera_id);
    }
    return wanted ? "" : "no_motion";
  }

  const std::shared_ptr<const SharedDetector> shared_;
  const double default_threshold_;
  detect::Detector::Scratch scratch_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeDetectStep(const Options& options,
                                                   std::shared_ptr<const SharedDetector> shared) {
  return std::make_unique<DetectStep>(options, std::move(shared));
}

}  // namespace sampleproc::process
