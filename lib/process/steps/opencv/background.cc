#include <memory>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

#include "process/steps/opencv/bit_mask.h"
#include "process/steps/opencv/guard.h"
#include "process/steps/opencv/kernels.h"
#include "process/steps/opencv/regions.h"

namespace sampleproc::process::opencv {

struct Background {
  cv::Size size;
  cv::Ptr<cv::BackgroundSubtractorMOG2> model;
  int frames = 0;  // since the model was new
};

namespace {

void Renew(Background& background) {
  background.model = cv::createBackgroundSubtractorMOG2();
  background.frames = 0;
}

// Takes what is ignored out of the mask; the number of pixels that are left to look at.
double Ignore(const MotionParameters& parameters, cv::Mat& mask) {
  const auto pixels = static_cast<double>(mask.total());
  if (parameters.ignored == nullptr) return pixels;
  const cv::Mat ignored(mask.size(), CV_8UC1, const_cast<std::uint8_t*>(parameters.ignored));
  mask.setTo(0, ignored);
  return pixels - cv::countNonZero(ignored);
}

// Joins what a body's even colours tore apart.
bool Report(const BitMask& mask, const MotionParameters& parameters, const Host& host) {
  for (const Region& region : FindRegions(mask.Closed())) {
    if (region.area < parameters.min_area) continue;
    const Found found{region.x, region.y, region.width, region.height,
                      static_cast<double>(region.area)};
    if (!host.take(host.self, &found)) return false;
  }
  return true;
}

}  // namespace

Status MakeBackground(int width, int height, Background** background) noexcept {
  return Guarded([&] {
    auto made = std::make_unique<Background>();
    made->size = cv::Size(width, height);
    Renew(*made);
    *background = made.release();
    return Status::kOk;
  });
}

Status Watch(Background* background, const Picture* luma, const MotionParameters* parameters,
             const Host* host, MotionKind* kind) noexcept {
  return Guarded([&] {
    cv::Mat picture = View(*luma, CV_8UC1);
    if (picture.size() != background->size) {
      cv::Mat resized;
      cv::resize(picture, resized, background->size, 0, 0, cv::INTER_AREA);
      picture = resized;
    }
    cv::Mat mask;
    background->model->apply(picture, mask);
    if (++background->frames <= parameters->warm_up) {
      *kind = MotionKind::kWarmingUp;
      return Status::kOk;
    }
    const double looked_at = Ignore(*parameters, mask);
    // MOG2 marks what is only darker with 127 and the foreground with 255. Single pixels are noise.
    const BitMask moved = BitMask(mask.data, mask.step, mask.cols, mask.rows).Opened();
    const int changed = moved.Count();
    if (changed > parameters->global_change * looked_at) {
      Renew(*background);
      background->model->apply(picture, mask);
      background->frames = 1;
      *kind = MotionKind::kSceneChanged;
      return Status::kOk;
    }
    *kind = MotionKind::kWatched;
    if (changed < parameters->min_area) return Status::kOk;
    return Report(moved, *parameters, *host) ? Status::kOk : Status::kNoMemory;
  });
}

void FreeBackground(Background* background) noexcept { delete background; }

}  // namespace sampleproc::process::opencv
