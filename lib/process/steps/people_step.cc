#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

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
constexpr opencv::PeopleParameters kParameters = {
    .scale = 1.05, .stride = 8, .padding = 8, .group_threshold = 2, .piece_pixels = 2'000'000};

// The detector's window, and with it the smallest picture that is worth a look.
constexpr int kWindowWidth = 64;
constexpr int kWindowHeight = 128;

// The smaller copy of the picture, for each pixel of the largest level; gradients, their angles and
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
    return std::unique_ptr<Step>(new PeopleStep(std::move(*module), people, options.people.when));
  }

  ~PeopleStep() override { module_->free_people(people_); }
  PeopleStep(const PeopleStep&) = delete;
  PeopleStep& operator=(const PeopleStep&) = delete;

  std::string_view Name() const override { return "people"; }
  StepNeeds Needs() const override {
    return {.luma_width = 0, .colour = true, .bytes_per_pixel = kCopyBytesPerPixel};
  }

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
    const auto memory = input.budget.Reserve(BytesFor(width, height), "looking for people",
                                             input.budget_patience, input.allowance);
    if (!memory) return std::unexpected(memory.error());
    if (!motion.watched) return Look(input, *bgr, {0, 0, width, height}, result);
    const std::size_t first = result.detections.size();
    for (const frame::Bbox& region : PeopleRegions(result.detections, width, height)) {
      if (auto done = Look(input, *bgr, region, result); !done) return done;
    }
    DropRepeated(result.detections, first);
    return {};
  }

 private:
  PeopleStep(OpencvModule module, opencv::People* people, PeopleOptions::When when)
      : module_(std::move(module)), people_(people), when_(when) {}

  static std::uint64_t BytesFor(int width, int height) {
    const auto row = static_cast<std::uint64_t>(width);
    const std::uint64_t pixels = row * static_cast<std::uint64_t>(height);
    const std::uint64_t piece = std::min(pixels, kParameters.piece_pixels + row * kRowsAround);
    return kFixedBytes + pixels * kCopyBytesPerPixel + piece * kPieceBytesPerPixel;
  }

  base::Result<void> Look(const StepInput& input, const frame::Image& bgr,
                          const frame::Bbox& region, frame::FrameResult& result) {
    const opencv::Picture part{bgr.Row(region.y1) + std::ptrdiff_t{3} * region.x1, bgr.stride,
                               region.x2 - region.x1, region.y2 - region.y1};
    OpencvCall call(input.allowance, PriceTag("looking for people", part.width, part.height));
    const auto status = module_->find_people(people_, &part, &kParameters, call.host());
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
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakePeopleStep(const Options& options) {
  return PeopleStep::Make(options);
}

}  // namespace sampleproc::process
