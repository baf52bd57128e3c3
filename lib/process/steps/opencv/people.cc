#include <algorithm>
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

cv::Size SizeAt(cv::Size picture, double scale) {
  return {cvRound(picture.width / scale), cvRound(picture.height / scale)};
}

// The windows that one level finds, in its own pixels, strip by strip. Features of a window depend
// on its own pixels and those beside them, so the strips' windows are those of the whole level.
class LevelScan {
 public:
  LevelScan(const cv::HOGDescriptor& hog, const PeopleParameters& parameters, const Host& host)
      : hog_(hog),
        stride_(parameters.stride, parameters.stride),
        padding_(parameters.padding, parameters.padding),
        piece_(parameters.piece_pixels),
        host_(host) {}

  // `done` and `share` are the level's place in all the work. False: stopped.
  bool Run(const cv::Mat& level, double done, double share) {
    places.clear();
    weights.clear();
    const int margin = std::max(stride_.height, hog_.blockStride.height);
    const int rows = std::max(piece_ / std::max(level.cols, 1), hog_.winSize.height) /
                     stride_.height * stride_.height;
    for (int from = 0; from < level.rows;) {
      int to = from + rows;
      if (level.rows - to < hog_.winSize.height + margin) to = level.rows;
      if (!host_.may_go_on(host_.self, done + share * from / level.rows)) return false;
      Strip(level, from, to, margin);
      from = to;
    }
    return true;
  }

  std::vector<cv::Point> places;
  std::vector<double> weights;

 private:
  // Windows whose first row is in [from, to), those in the padding above and below included.
  void Strip(const cv::Mat& level, int from, int to, int margin) {
    const int first = std::max(from - margin, 0);
    const int last = std::min(to + hog_.winSize.height + margin, level.rows);
    std::vector<cv::Point> found;
    std::vector<double> found_weights;
    hog_.detect(level.rowRange(first, last), found, found_weights, 0, stride_, padding_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const int y = found[i].y + first;
      if ((from > 0 && y < from) || (to < level.rows && y >= to)) continue;
      places.emplace_back(found[i].x, y);
      weights.push_back(found_weights[i]);
    }
  }

  const cv::HOGDescriptor& hog_;
  const cv::Size stride_;
  const cv::Size padding_;
  const int piece_;
  const Host& host_;
};

// The person within a window.
cv::Rect Person(const cv::Rect& window, const PeopleParameters& parameters) {
  const int width = cvRound(window.width * parameters.person_width);
  const int height = cvRound(window.height * parameters.person_height);
  return {window.x + (window.width - width) / 2, window.y + (window.height - height) / 2, width,
          height};
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

// detectMultiScale, level by level and strip by strip so that the host can be asked in between.
Status FindPeople(People* people, const Picture* bgr, const PeopleParameters* parameters,
                  const Host* host) noexcept {
  return Guarded([&] {
    const cv::HOGDescriptor& hog = people->hog;
    const cv::Mat picture = View(*bgr, CV_8UC3);
    const std::vector<double> scales = Scales(hog, picture.size(), parameters->scale);
    double price = 0;
    for (const double scale : scales) price += SizeAt(picture.size(), scale).area();
    double done = 0;
    LevelScan scan(hog, *parameters, *host);
    std::vector<cv::Rect> windows;
    std::vector<double> scores;
    cv::Mat smaller;
    for (const double scale : scales) {
      if (!host->may_go_on(host->self, done)) return Status::kStopped;
      const cv::Size size = SizeAt(picture.size(), scale);
      if (size == picture.size()) {
        smaller = picture;
      } else {
        cv::resize(picture, smaller, size, 0, 0, cv::INTER_LINEAR_EXACT);
      }
      const double share = size.area() / price;
      if (!scan.Run(smaller, done, share)) return Status::kStopped;
      done += share;
      const cv::Size window(cvRound(hog.winSize.width * scale),
                            cvRound(hog.winSize.height * scale));
      for (std::size_t i = 0; i < scan.places.size(); ++i) {
        const cv::Point& place = scan.places[i];
        windows.emplace_back(cv::Point(cvRound(place.x * scale), cvRound(place.y * scale)), window);
        scores.push_back(scan.weights[i]);
      }
      if (windows.size() > kMostWindows) return Status::kTooMany;
      smaller.release();
    }
    hog.groupRectangles(windows, scores, parameters->group_threshold, kGroupEpsilon);
    const cv::Rect inside(0, 0, picture.cols, picture.rows);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const cv::Rect box = Person(windows[i], *parameters) & inside;
      if (box.empty()) continue;
      const Found found{box.x, box.y, box.width, box.height, scores[i]};
      if (!host->take(host->self, &found)) return Status::kNoMemory;
    }
    return Status::kOk;
  });
}

void FreePeople(People* people) noexcept { delete people; }

}  // namespace sampleproc::process::opencv
