#include <memory>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

#include "process/steps/opencv/guard.h"
#include "process/steps/opencv/kernels.h"

namespace sampleproc::process::opencv {

struct Background {
  cv::Size size;
  cv::Ptr<cv::BackgroundSubtractorMOG2> model;
  int frames = 0;  // since the model was new
};

namespace {

// MOG2 marks what is only darker with 127 and the foreground with 255.
constexpr double kForeground = 254;

void Renew(Background& background) {
  background.model = cv::createBackgroundSubtractorMOG2();
  background.frames = 0;
}

// Leaves single pixels, which are noise, out and joins what a body's even colours tore apart.
void Clean(cv::Mat& mask) {
  cv::threshold(mask, mask, kForeground, 255, cv::THRESH_BINARY);
  cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::Mat::ones(2, 2, CV_8U));
}

bool Report(const cv::Mat& mask, const MotionParameters& parameters, const Host& host) {
  cv::Mat joined;
  cv::morphologyEx(mask, joined, cv::MORPH_CLOSE, cv::Mat::ones(9, 5, CV_8U));
  cv::Mat labels, regions, centres;
  const int count = cv::connectedComponentsWithStats(joined, labels, regions, centres, 8, CV_32S);
  for (int i = 1; i < count; ++i) {
    const cv::Rect box(regions.at<int>(i, cv::CC_STAT_LEFT), regions.at<int>(i, cv::CC_STAT_TOP),
                       regions.at<int>(i, cv::CC_STAT_WIDTH),
                       regions.at<int>(i, cv::CC_STAT_HEIGHT));
    const int area = regions.at<int>(i, cv::CC_STAT_AREA);
    if (area < parameters.min_area) continue;
    const Found found{box.x, box.y, box.width, box.height, static_cast<double>(area)};
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
    Clean(mask);
    const int changed = cv::countNonZero(mask);
    if (changed > parameters->global_change * static_cast<double>(mask.total())) {
      Renew(*background);
      background->model->apply(picture, mask);
      background->frames = 1;
      *kind = MotionKind::kSceneChanged;
      return Status::kOk;
    }
    *kind = MotionKind::kWatched;
    if (changed < parameters->min_area) return Status::kOk;
    return Report(mask, *parameters, *host) ? Status::kOk : Status::kNoMemory;
  });
}

void FreeBackground(Background* background) noexcept { delete background; }

}  // namespace sampleproc::process::opencv
