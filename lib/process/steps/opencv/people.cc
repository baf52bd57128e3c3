#include <memory>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <vector>

#include "process/steps/opencv/guard.h"
#include "process/steps/opencv/kernels.h"

namespace sampleproc::process::opencv {

struct People {
  cv::HOGDescriptor hog;
};

namespace {

// OpenCV's own way of grouping windows: those whose corners differ by a fifth belong together.
constexpr double kGroupEpsilon = 0.2;

// The scales of HOGDescriptor::detectMultiScale: until the window does not fit any more.
std::vector<double> Scales(const cv::HOGDescriptor& hog, cv::Size size, double step) {
  std::vector<double> scales;
  double scale = 1.0;
  for (int level = 0; level < hog.nlevels; ++level) {
    scales.push_back(scale);
    if (cvRound(size.width / scale) < hog.winSize.width ||
        cvRound(size.height / scale) < hog.winSize.height || step <= 1) {
      if (scales.size() > 1) scales.pop_back();
      break;
    }
    scale *= step;
  }
  return scales;
}

}  // namespace

Status MakePeople(People** people) noexcept {
  return Guarded([&] {
    auto made = std::make_unique<People>();
    made->hog.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
    *people = made.release();
    return Status::kOk;
  });
}

// detectMultiScale, level by level so that the host can be asked in between.
Status FindPeople(People* people, const Picture* bgr, const PeopleParameters* parameters,
                  const Host* host) noexcept {
  return Guarded([&] {
    const cv::HOGDescriptor& hog = people->hog;
    const cv::Mat picture = View(*bgr, CV_8UC3);
    const cv::Size stride(parameters->stride, parameters->stride);
    const cv::Size padding(parameters->padding, parameters->padding);
    std::vector<cv::Rect> windows;
    std::vector<double> scores;
    cv::Mat smaller;
    for (const double scale : Scales(hog, picture.size(), parameters->scale)) {
      if (!host->may_go_on(host->self)) return Status::kStopped;
      const cv::Size size(cvRound(picture.cols / scale), cvRound(picture.rows / scale));
      if (size == picture.size()) {
        smaller = picture;
      } else {
        cv::resize(picture, smaller, size, 0, 0, cv::INTER_LINEAR_EXACT);
      }
      std::vector<cv::Point> places;
      std::vector<double> weights;
      hog.detect(smaller, places, weights, 0, stride, padding);
      const cv::Size window(cvRound(hog.winSize.width * scale),
                            cvRound(hog.winSize.height * scale));
      for (std::size_t i = 0; i < places.size(); ++i) {
        windows.emplace_back(cv::Point(cvRound(places[i].x * scale), cvRound(places[i].y * scale)),
                             window);
        scores.push_back(weights[i]);
      }
      smaller.release();
    }
    hog.groupRectangles(windows, scores, parameters->group_threshold, kGroupEpsilon);
    const cv::Rect inside(0, 0, picture.cols, picture.rows);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const cv::Rect box = windows[i] & inside;
      if (box.empty()) continue;
      const Found found{box.x, box.y, box.width, box.height, scores[i]};
      if (!host->take(host->self, &found)) return Status::kNoMemory;
    }
    return Status::kOk;
  });
}

void FreePeople(People* people) noexcept { delete people; }

}  // namespace sampleproc::process::opencv
