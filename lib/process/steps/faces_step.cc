#include <algorithm>
#include <string>

#include "process/steps/face_finder.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;
using base::Fail;

// dlib's own score of a detection is its distance from dlib's threshold, so s0 = 0 makes "just a
// face to dlib" 0.5. On the photos of opencv-doc real faces score 1.9 to 2.3 and the one mistake
// 0.01; k = 2 makes these 0.98 to 0.99 and 0.505.
constexpr double kSlope = 2.0;
constexpr double kMiddle = 0.0;

// The side of the smallest face that the detector's window sees without enlarging the picture.
constexpr int kWindow = 80;

// dlib's corners are both inside; a box may reach over the picture's edge.
frame::Bbox Clip(const FoundFace& face, const frame::Image& luma) {
  const auto clamp = [](long value, int limit) {
    return static_cast<int>(std::clamp(value, 0L, static_cast<long>(limit)));
  };
  return {clamp(face.left, luma.width), clamp(face.top, luma.height),
          clamp(face.right + 1, luma.width), clamp(face.bottom + 1, luma.height)};
}

class FacesStep : public Step {
 public:
  explicit FacesStep(const Options& options)
      : finder_(options.faces.min_size < kWindow, options.working_pixels) {}

  std::string_view Name() const override { return "faces"; }
  // The second and third level of the pyramid, below what they take. Smaller pictures, which are
  // doubled, take more; no memory limit is so low that one of them never fits.
  StepNeeds Needs() const override { return {.bytes_per_pixel = 1}; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport&) override {
    const frame::Image& luma = input.picture.luma();
    const std::uint64_t bytes = finder_.BytesFor(luma.width, luma.height);
    if (auto fits = CheckFits(input, bytes); !fits) return fits;
    const auto reservation =
        input.budget.Reserve(bytes, "looking for faces", input.budget_patience, input.allowance);
    if (!reservation) return std::unexpected(reservation.error());
    const auto faces = finder_.Find(luma, input.allowance);
    if (!faces) return std::unexpected(faces.error());
    for (const FoundFace& face : *faces) {
      const frame::Bbox box = Clip(face, luma);
      if (box.x1 >= box.x2 || box.y1 >= box.y2) continue;
      result.detections.push_back(
          {"face", frame::ScoreToConfidence(face.score, kSlope, kMiddle), box, "dlib-frontal"});
    }
    return input.allowance.Check("faces");
  }

 private:
  base::Result<void> CheckFits(const StepInput& input, std::uint64_t bytes) const {
    if (bytes <= input.budget.capacity()) return {};
    return Fail(ErrorCode::kInvalidFrame,
                "looking for faces in " + std::to_string(input.picture.width()) + "x" +
                    std::to_string(input.picture.height()) + " pixels needs " +
                    std::to_string(bytes) + " bytes; the memory budget is " +
                    std::to_string(input.budget.capacity()) +
                    ": send smaller frames or raise resources.memory_limit");
  }

  FaceFinder finder_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeFacesStep(const Options& options) {
  return std::make_unique<FacesStep>(options);
}

}  // namespace sampleproc::process
