#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <cstring>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>
#include <vector>

#include "process/steps/frontal_face_data.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;
using base::Fail;
using Gray = dlib::array2d<unsigned char>;

// dlib's own score of a detection is its distance from dlib's threshold, so s0 = 0 makes "just a
// face to dlib" 0.5. On the photos of opencv-doc real faces score 1.9 to 2.3 and the one mistake
// 0.01; k = 2 makes these 0.98 to 0.99 and 0.505.
constexpr double kSlope = 2.0;
constexpr double kMiddle = 0.0;

// The side of the smallest face that the detector's window sees without enlarging the picture.
constexpr int kWindow = 80;

// Bytes for each pixel that the detector looks at: the pixel and its smaller copies, and 31 feature
// planes of floats for each 8x8 cell, over a pyramid whose levels sum up to 3.3 times the first,
// with the filters' own planes. Measured at 8 to 9 (640x480 to 4000x3000), and 3 MB for
// the detector itself.
constexpr std::uint64_t kBytesPerPixel = 12;

// Planes are kept for the next frame up to this size and given back above it.
constexpr std::uint64_t kKeepBytes = 64u << 20;

// Reads memory as a stream without copying it.
class MemoryBuffer : public std::streambuf {
 public:
  explicit MemoryBuffer(std::span<const unsigned char> bytes) {
    // A streambuf that only reads still wants its place as char*.
    char* const start = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(start, start, start + bytes.size());
  }
};

void Copy(const frame::Image& luma, Gray& to) {
  to.set_size(luma.height, luma.width);
  for (int y = 0; y < luma.height; ++y) {
    std::memcpy(&to[y][0], luma.Row(y), static_cast<std::size_t>(luma.width));
  }
}

// dlib's corners are both inside; a box may reach over the picture's edge.
frame::Bbox Clip(const dlib::rectangle& rect, const frame::Image& luma) {
  const auto clamp = [](long value, int limit) {
    return static_cast<int>(std::clamp(value, 0L, static_cast<long>(limit)));
  };
  return {clamp(rect.left(), luma.width), clamp(rect.top(), luma.height),
          clamp(rect.right() + 1, luma.width), clamp(rect.bottom() + 1, luma.height)};
}

class FacesStep : public Step {
 public:
  explicit FacesStep(const FacesOptions& options) : doubles_(options.min_size < kWindow) {}

  std::string_view Name() const override { return "faces"; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport&) override {
    const std::uint64_t bytes = BytesFor(input.picture.luma());
    if (auto fits = CheckFits(input, bytes); !fits) return fits;
    const auto reservation =
        input.budget.Reserve(bytes, "looking for faces", input.budget_patience, input.allowance);
    if (!reservation) return std::unexpected(reservation.error());
    if (auto allowed = input.allowance.Check("faces"); !allowed) return allowed;
    try {
      Detect(input.picture.luma(), result.detections);
    } catch (const dlib::error& error) {
      return Fail(ErrorCode::kInternal, "the face detector failed (" + error.info + ")");
    }
    if (bytes > kKeepBytes) GiveBack();
    return input.allowance.Check("faces");
  }

 private:
  std::uint64_t BytesFor(const frame::Image& luma) const {
    const std::uint64_t pixels =
        static_cast<std::uint64_t>(luma.width) * static_cast<std::uint64_t>(luma.height);
    return pixels + pixels * (doubles_ ? 4 : 1) * kBytesPerPixel;
  }

  base::Result<void> CheckFits(const StepInput& input, std::uint64_t bytes) const {
    if (bytes <= input.budget.capacity()) return {};
    return Fail(
        ErrorCode::kInvalidFrame,
        "looking for faces in " + std::to_string(input.picture.width()) + "x" +
            std::to_string(input.picture.height()) + " pixels needs " + std::to_string(bytes) +
            " bytes; the memory budget is " + std::to_string(input.budget.capacity()) +
            ": send smaller frames, raise resources.memory_limit" +
            (doubles_ ? ", or set process.faces.min_size to 80 (a quarter of the memory)" : ""));
  }

  void Detect(const frame::Image& luma, std::vector<frame::Detection>& detections) {
    if (!detector_) Load();
    Copy(luma, picture_);
    const dlib::pyramid_down<2> pyramid;
    if (doubles_) dlib::pyramid_up(picture_, doubled_, pyramid);
    std::vector<dlib::rect_detection> found;
    (*detector_)(doubles_ ? doubled_ : picture_, found);
    for (const dlib::rect_detection& face : found) {
      const dlib::rectangle rect =
          doubles_ ? dlib::rectangle(pyramid.rect_down(face.rect)) : face.rect;
      const frame::Bbox box = Clip(rect, luma);
      if (box.x1 >= box.x2 || box.y1 >= box.y2) continue;
      detections.push_back({"face",
                            frame::ScoreToConfidence(face.detection_confidence, kSlope, kMiddle),
                            box, "dlib-frontal"});
    }
  }

  void Load() {
    MemoryBuffer buffer(FrontalFaceData());
    std::istream stream(&buffer);
    dlib::deserialize(detector_.emplace(), stream);
  }

  // A copy of a detector has its weights but not the planes of its last picture.
  void GiveBack() {
    const dlib::frontal_face_detector bare(*detector_);
    detector_.emplace(bare);
    picture_.clear();
    doubled_.clear();
  }

  const bool doubles_;
  std::optional<dlib::frontal_face_detector> detector_;
  Gray picture_;
  Gray doubled_;
};

}  // namespace

std::unique_ptr<Step> MakeFacesStep(const Options& options) {
  return std::make_unique<FacesStep>(options.faces);
}

}  // namespace sampleproc::process
