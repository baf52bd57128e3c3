#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/text_file.h"
#include "process/steps/opencv_module.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;

// OpenCV's score is the number of windows around an object that agree. By default three must, which
// is 0.5; objects that are no mistake have dozens.
constexpr double kSlope = 0.15;
constexpr double kMiddle = 3.0;

// A piece takes 50 to 400 ms of a CPU, by the cascade.
constexpr int kPieceWindows = 1'000'000;

// The integral images (4 and 8 bytes a pixel, tilted ones the same) of one size's pixels: at most
// the four for each window of a piece, and the rows that pieces share.
constexpr std::uint64_t kBytesPerPixel = 40;
constexpr std::uint64_t kPiecePixels = 4 * std::uint64_t{kPieceWindows};
constexpr std::uint64_t kRowsAround = 512;

class CascadeStep : public Step {
 public:
  static base::Result<std::unique_ptr<Step>> Make(const Options& options) {
    if (options.cascade.file.empty()) {
      return base::Fail(ErrorCode::kConfig,
                        "process.pipeline has the step cascade; process.cascade.file must name a "
                        "Haar or LBP cascade for it");
    }
    if (!(options.cascade.scale > 1.0)) {
      return base::Fail(ErrorCode::kConfig,
                        "process.cascade.scale is the ratio of two sizes looked for; it must be "
                        "over 1, such as 1.1");
    }
    if (!base::CanBeReread(options.cascade.file)) {
      return base::Fail(ErrorCode::kConfig, "process.cascade.file " + options.cascade.file +
                                                " is no regular file (a pipe, a device)");
    }
    auto module = LoadOpencv(options.opencv_module);
    if (!module) return std::unexpected(module.error());
    opencv::Cascade* cascade = nullptr;
    if ((*module)->load_cascade(options.cascade.file.c_str(), &cascade) != opencv::Status::kOk) {
      return base::Fail(ErrorCode::kConfig,
                        "process.cascade.file " + options.cascade.file +
                            " is not there, cannot be read, or is no Haar or LBP cascade of "
                            "OpenCV's");
    }
    return std::unique_ptr<Step>(new CascadeStep(std::move(*module), cascade, options));
  }

  ~CascadeStep() override { module_->free_cascade(cascade_); }
  CascadeStep(const CascadeStep&) = delete;
  CascadeStep& operator=(const CascadeStep&) = delete;

  std::string_view Name() const override { return "cascade"; }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport&) override {
    const frame::Image& luma = input.picture.luma();
    const auto row = static_cast<std::uint64_t>(luma.width);
    const std::uint64_t bytes =
        std::min(row * static_cast<std::uint64_t>(luma.height), kPiecePixels + row * kRowsAround) *
        kBytesPerPixel;
    const auto memory =
        input.budget.Reserve(bytes, "the cascade", input.budget_patience, input.allowance);
    if (!memory) return std::unexpected(memory.error());
    const opencv::Picture picture = ToOpencv(luma);
    const opencv::CascadeParameters parameters = {
        options_.scale, options_.min_neighbours, options_.min_size, kPieceWindows, working_pixels_};
    OpencvCall call(input.allowance, PriceTag("the cascade", luma.width, luma.height));
    const auto status = module_->find_cascade(cascade_, &picture, &parameters, call.host());
    if (auto done = call.Judge(status, "cascade"); !done) return done;
    for (const opencv::Found& object : call.found()) {
      result.detections.push_back(
          {options_.name,
           frame::ScoreToConfidence(object.score, kSlope, kMiddle),
           {object.x, object.y, object.x + object.width, object.y + object.height},
           "cascade"});
    }
    return {};
  }

 private:
  CascadeStep(OpencvModule module, opencv::Cascade* cascade, const Options& options)
      : module_(std::move(module)),
        cascade_(cascade),
        options_(options.cascade),
        working_pixels_(static_cast<double>(options.working_pixels)) {}

  const OpencvModule module_;
  opencv::Cascade* const cascade_;
  const CascadeOptions options_;
  const double working_pixels_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeCascadeStep(const Options& options) {
  return CascadeStep::Make(options);
}

}  // namespace sampleproc::process
