#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "process/steps/motion_gate.h"
#include "process/steps/opencv_module.h"
#include "process/steps/people_regions.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

// OpenCV's score is the distance from the SVM's plane, and windows count from 0. On vtest.avi
// people score 0.4 to 2.5 and mistakes mostly below 0.5.
constexpr double kSlope = 2.5;
constexpr double kMiddle = 0.4;

// A piece takes some 60 ms of a CPU.
constexpr int kPiecePixels = 2'000'000;

opencv::PeopleParameters Parameters(double shrink) {
  return {.scale = 1.05,
          .stride = 8,
          .padding = 8,
          .group_threshold = 2,
          .piece_pixels = kPiecePixels,
          .shrink = shrink};
}

// The detector's window, and with it the smallest picture that is worth a look.
constexpr int kWindowWidth = 64;
constexpr int kWindowHeight = 128;

// Smaller copies of what is looked at, for each of its pixels; gradients, their angles and
// padding, for each pixel of a piece with the rows around it; and what the detector keeps whatever
// the size.
constexpr std::uint64_t kCopyBytesPerPixel = 3;
constexpr std::uint64_t kPieceBytesPerPixel = 13;
constexpr std::uint64_t kRowsAround = 3 * kWindowHeight;
constexpr std::uint64_t kFixedBytes = 2u << 20;

class PeopleStep : public Step {
 public:
  static base::Result<std::unique_ptr<Step>> Make(const Options& options) {
    auto module = LoadOpencv(options.opencv_module);
    if (!module) return std::unexpected(module.error());
    opencv::People* people = nullptr;
    if ((*module)->make_people(&people) != opencv::Status::kOk) {
      return base::Fail(base::ErrorCode::kInternal, "OpenCV's people detector cannot be made");
    }
    return std::unique_ptr<Step>(new PeopleStep(std::move(*module), people, options));
  }

  ~PeopleStep() override { module_->free_people(people_); }
  PeopleStep(const PeopleStep&) = delete;
  PeopleStep& operator=(const PeopleStep&) = delete;

  std::string_view Name() const override { return "people"; }
  StepNeeds Needs() const override { return {.luma_width = 0, .colour = true}; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport& report) override {
    const MotionGate motion =
        when_ == PeopleOptions::When::kMotion ? ReadMotion(result) : MotionGate{};
    if (!motion.refused.empty()) {
      report.skipped = motion.refused;
      return {};
    }
    if (motion.watched && !motion.moved) {
      report.skipped = "no_motion";
      return {};
    }
    const int width = input.picture.width();
    const int height = input.picture.height();
    if (width < kWindowWidth || height < kWindowHeight) {
      report.skipped = "too_small";
      return {};
    }
    const auto bgr = input.picture.Bgr();
    if (!bgr) return std::unexpected(bgr.error());
    const std::vector<frame::Bbox> regions = motion.watched
                                                 ? PeopleRegions(result.detections, width, height)
                                                 : std::vector<frame::Bbox>{{0, 0, width, height}};
    const double shrink = ShrinkFor(regions);
    const auto memory =
        input.budget.Reserve(BytesFor(width / shrink, height / shrink), "looking for people",
                             input.budget_patience, input.allowance);
    if (!memory) return std::unexpected(memory.error());
    const std::size_t first = result.detections.size();
    for (const frame::Bbox& region : regions) {
      if (auto done = Look(input, *bgr, region, shrink, result); !done) return done;
    }
    if (motion.watched) DropRepeated(result.detections, first);
    return {};
  }

 private:
  PeopleStep(OpencvModule module, opencv::People* people, const Options& options)
      : module_(std::move(module)),
        people_(people),
        when_(options.people.when),
        working_pixels_(static_cast<double>(options.working_pixels)) {}

  // So that all that is looked at has no more than the working pixels.
  double ShrinkFor(std::span<const frame::Bbox> regions) const {
    double pixels = 0;
    for (const frame::Bbox& region : regions) {
      pixels += static_cast<double>(region.x2 - region.x1) * (region.y2 - region.y1);
    }
    return std::max(1.0, std::sqrt(pixels / working_pixels_));
  }

  static std::uint64_t BytesFor(double width, double height) {
    const auto row = static_cast<std::uint64_t>(std::ceil(width));
    const std::uint64_t pixels = row * static_cast<std::uint64_t>(std::ceil(height));
    const std::uint64_t piece = std::min(pixels, kPiecePixels + row * kRowsAround);
    return kFixedBytes + pixels * kCopyBytesPerPixel + piece * kPieceBytesPerPixel;
  }

  base::Result<void> Look(const StepInput& input, const frame::Image& bgr,
                          const frame::Bbox& region, double shrink, frame::FrameResult& result) {
    const opencv::Picture part{bgr.Row(region.y1) + std::ptrdiff_t{3} * region.x1, bgr.stride,
                               region.x2 - region.x1, region.y2 - region.y1};
    OpencvCall call(input.allowance, PriceTag("looking for people", part.width, part.height));
    const opencv::PeopleParameters parameters = Parameters(shrink);
    const auto status = module_->find_people(people_, &part, &parameters, call.host());
    if (auto done = call.Judge(status, "people"); !done) return done;
    for (const opencv::Found& person : call.found()) {
      const int x = region.x1 + person.x;
      const int y = region.y1 + person.y;
      result.detections.push_back({"person",
                                   frame::ScoreToConfidence(person.score, kSlope, kMiddle),
                                   {x, y, x + person.width, y + person.height},
                                   "opencv-hog"});
    }
    return {};
  }

  const OpencvModule module_;
  opencv::People* const people_;
  const PeopleOptions::When when_;
  const double working_pixels_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakePeopleStep(const Options& options) {
  return PeopleStep::Make(options);
}

}  // namespace sampleproc::process
