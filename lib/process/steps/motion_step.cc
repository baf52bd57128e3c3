#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <vector>

#include "process/steps/opencv_module.h"
#include "process/steps/steps.h"

namespace sampleproc::process {
namespace {

// The model's sides. Tall pictures are bounded too, or a 1x65535 one would have a huge model.
constexpr int kModelWidth = 320;
constexpr int kMaxModelHeight = 640;

// With fewer frames than this MOG2 has not told the background's noise from its motion; on a video
// of a still scene nothing moves after ten.
constexpr int kWarmUpFrames = 15;

// Of a 320x240 model: a person of 8x12 of its pixels.
constexpr int kMinArea = 64;

// More than this is a lamp, the camera's exposure or a moved camera, not something in the scene.
constexpr double kGlobalChange = 0.6;

// A model pixel: five Gaussians of weight, variance and mean in floats, how many are in use, and
// whether it lies in the camera's mask.
constexpr std::size_t kStateBytesPerPixel = 62;
// While a frame is looked at: the resized picture, three masks and the labels of regions.
constexpr std::size_t kScratchBytesPerPixel = 16;

// So many frames back a later step is told of motion: who stands still for a moment is still looked
// at, what never moves is not. The same however fast the frames come, so that a file gives the same
// with any number of workers. Beyond so many regions a frame is noise.
constexpr std::size_t kRememberedFrames = 50;
constexpr std::size_t kRememberedRegions = 32;
constexpr std::size_t kMemoryBytes = kRememberedFrames * kRememberedRegions * sizeof(frame::Bbox);

struct Size {
  int width;
  int height;
  std::size_t pixels() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }
};

Size ModelSize(int width, int height) {
  const double scale = std::min({1.0, static_cast<double>(kModelWidth) / width,
                                 static_cast<double>(kMaxModelHeight) / height});
  const auto side = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
  };
  return {side(width), side(height)};
}

class BackgroundState : public CameraStates::State {
 public:
  BackgroundState(OpencvModule module, const Size& size) : module_(std::move(module)) {
    if (module_->make_background(size.width, size.height, &background_) != opencv::Status::kOk) {
      throw std::bad_alloc();
    }
  }
  ~BackgroundState() override { module_->free_background(background_); }
  BackgroundState(const BackgroundState&) = delete;
  BackgroundState& operator=(const BackgroundState&) = delete;

  opencv::Background* background() { return background_; }

  // The camera's mask as pixels of the model; null without one. Made anew when the mask changes.
  const std::uint8_t* Ignored(const std::vector<frame::Polygon>& mask, const Size& size) {
    if (mask != mask_) {
      ignored_ = frame::Rasterise(mask, size.width, size.height);
      mask_ = mask;
    }
    return mask_.empty() ? nullptr : ignored_.data();
  }

  // Takes where something moves in a frame.
  void Remember(std::vector<frame::Bbox> regions) {
    if (regions.size() > kRememberedRegions) regions.resize(kRememberedRegions);
    recent_.push_back(std::move(regions));
    if (recent_.size() > kRememberedFrames) recent_.pop_front();
  }
  void Forget() { recent_.clear(); }
  const std::deque<std::vector<frame::Bbox>>& recent() const { return recent_; }

 private:
  OpencvModule module_;
  opencv::Background* background_ = nullptr;
  std::deque<std::vector<frame::Bbox>> recent_;
  std::vector<frame::Polygon> mask_;
  std::vector<std::uint8_t> ignored_;  // of mask_
};

class MotionStep : public Step {
 public:
  explicit MotionStep(OpencvModule module) : module_(std::move(module)) {}

  std::string_view Name() const override { return "motion"; }
  StepNeeds Needs() const override {
    return {.luma_width = kModelWidth, .colour = false, .camera_order = true};
  }

  base::Result<void> Run(const StepInput& input, frame::FrameResult& result,
                         frame::StepReport& report) override {
    if (!input.frame.camera_id) {
      report.skipped = "no_camera";
      return {};
    }
    const Size size = ModelSize(input.picture.width(), input.picture.height());
    const auto scratch =
        input.budget.Reserve(size.pixels() * kScratchBytesPerPixel, "looking for motion",
                             input.budget_patience, input.allowance);
    if (!scratch) return std::unexpected(scratch.error());
    if (auto come = input.turn.Wait(input.allowance); !come) return come;
    const std::function<std::unique_ptr<CameraStates::State>()> make = [&] {
      return std::make_unique<BackgroundState>(module_, size);
    };
    auto lease = input.cameras.Use(*input.frame.camera_id,
                                   {.shape = static_cast<std::uint64_t>(size.width) << 32 |
                                             static_cast<std::uint64_t>(size.height),
                                    .bytes = size.pixels() * kStateBytesPerPixel + kMemoryBytes,
                                    .make = make});
    if (!lease) {
      report.skipped = lease.error();
      return {};
    }
    return Watch(input, static_cast<BackgroundState&>(lease->state()), size, result, report);
  }

 private:
  base::Result<void> Watch(const StepInput& input, BackgroundState& state, const Size& size,
                           frame::FrameResult& result, frame::StepReport& report) {
    const opencv::MotionParameters parameters = {kWarmUpFrames, kMinArea, kGlobalChange,
                                                 state.Ignored(input.camera.mask, size)};
    const opencv::Picture luma = ToOpencv(input.picture.luma());
    OpencvCall call(input.allowance, "motion");
    opencv::MotionKind kind{};
    const auto status = module_->watch(state.background(), &luma, &parameters, call.host(), &kind);
    if (auto done = call.Judge(status, "motion"); !done) return done;
    if (kind == opencv::MotionKind::kWarmingUp) report.skipped = "warming_up";
    if (kind == opencv::MotionKind::kSceneChanged) report.skipped = "scene_changed";
    std::vector<frame::Bbox> regions;
    for (const opencv::Found& region : call.found()) {
      const frame::Bbox box = ToSource(region, size, input.picture);
      const bool is_covered =
          input.mask != nullptr &&
          input.mask->Covers(box, input.picture.width(), input.picture.height());
      if (is_covered) continue;
      regions.push_back(box);
      result.detections.push_back(
          {"motion", region.score / (region.score + kMinArea), box, "mog2"});
    }
    if (kind != opencv::MotionKind::kWatched) {
      state.Forget();
      return {};
    }
    state.Remember(std::move(regions));
    if (input.moved_lately == nullptr) return {};
    for (const auto& frame : state.recent()) {
      input.moved_lately->insert(input.moved_lately->end(), frame.begin(), frame.end());
    }
    return {};
  }

  static frame::Bbox ToSource(const opencv::Found& region, const Size& size,
                              const Picture& picture) {
    const double x = static_cast<double>(picture.width()) / size.width;
    const double y = static_cast<double>(picture.height()) / size.height;
    const auto down = [](double value) { return static_cast<int>(std::floor(value)); };
    const auto up = [](double value, int limit) {
      return std::min(static_cast<int>(std::ceil(value)), limit);
    };
    return {down(region.x * x), down(region.y * y),
            up((region.x + region.width) * x, picture.width()),
            up((region.y + region.height) * y, picture.height())};
  }

  const OpencvModule module_;
};

}  // namespace

base::Result<std::unique_ptr<Step>> MakeMotionStep(const Options& options) {
  auto module = LoadOpencv(options.opencv_module);
  if (!module) return std::unexpected(module.error());
  return std::make_unique<MotionStep>(std::move(*module));
}

}  // namespace sampleproc::process
