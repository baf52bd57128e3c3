#include <algorithm>
#include <cmath>
#include <memory>
#include <opencv2/objdetect.hpp>
#include <utility>
#include <vector>

#include "process/steps/opencv/guard.h"
#include "process/steps/opencv/kernels.h"

namespace sampleproc::process::opencv {

struct Cascade {
  cv::CascadeClassifier classifier;
};

namespace {

// OpenCV's own way of grouping windows: those whose corners differ by a fifth belong together.
constexpr double kGroupEpsilon = 0.2;

// The sizes of window that detectMultiScale looks for, each once, from the smallest on: a factor
// near 1 has several factors for one size, and asking for a size asks for all of them.
std::vector<cv::Size> WindowSizes(cv::Size window, cv::Size picture,
                                  const CascadeParameters& parameters) {
  std::vector<cv::Size> sizes;
  for (double factor = 1;; factor *= parameters.scale) {
    const auto single = static_cast<float>(factor);
    const cv::Size exact(cvRound(window.width * factor), cvRound(window.height * factor));
    if (exact.width > picture.width || exact.height > picture.height) break;
    const cv::Size size(cvRound(static_cast<float>(window.width) * single),
                        cvRound(static_cast<float>(window.height) * single));
    if (size.width < parameters.min_size || size.height < parameters.min_size) continue;
    if (picture.area() / (factor * factor) > parameters.working_pixels) continue;
    if (sizes.empty() || sizes.back() != size) sizes.push_back(size);
  }
  return sizes;
}

// Windows of a size that are looked at: a step of two pixels of the scaled picture below twice the
// cascade's own window, else of one.
double Windows(cv::Size size, cv::Size window, cv::Size picture) {
  const double factor = static_cast<double>(size.width) / window.width;
  const double pixels = picture.area() / (factor * factor);
  return factor < 2 ? pixels / 4 : pixels;
}

class Search {
 public:
  Search(cv::CascadeClassifier& classifier, const cv::Mat& picture,
         const CascadeParameters& parameters, const Host& host)
      : classifier_(classifier), picture_(picture), parameters_(parameters), host_(host) {}

  Status Run(const std::vector<cv::Size>& sizes) {
    const cv::Size window = classifier_.getOriginalWindowSize();
    double price = 0;
    for (const cv::Size size : sizes) price += Windows(size, window, picture_.size());
    double done = 0;
    for (const cv::Size size : sizes) {
      const double windows = Windows(size, window, picture_.size());
      const double pieces = std::ceil(windows / parameters_.piece_windows);
      const int rows = std::max(static_cast<int>(picture_.rows / pieces) + 1, size.height);
      // Windows do not begin on each row of a strip, so some begin a few rows before its end.
      const int overlap = size.height + 4 * (size.height / window.height + 1);
      for (int from = 0; from < picture_.rows;) {
        int to = from + rows;
        if (picture_.rows - to < overlap) to = picture_.rows;
        if (!host_.may_go_on(host_.self, (done + windows * from / picture_.rows) / price)) {
          return Status::kStopped;
        }
        Strip(size, from, to, std::min(to + overlap, picture_.rows));
        if (found.size() > kMostWindows) return Status::kTooMany;
        from = to;
      }
      done += windows;
    }
    return Status::kOk;
  }

  std::vector<cv::Rect> found;

 private:
  // Windows of `size` whose first row is in [from, to), looked for down to the row `end`.
  void Strip(cv::Size size, int from, int to, int end) {
    std::vector<cv::Rect> boxes;
    classifier_.detectMultiScale(picture_.rowRange(from, end), boxes, parameters_.scale, 0, 0, size,
                                 size);
    for (const cv::Rect& box : boxes) {
      if (to < picture_.rows && box.y + from >= to) continue;
      // Whole again: OpenCV has cut it at the picture's edge, which it does after grouping.
      found.emplace_back(box.x, box.y + from, size.width, size.height);
    }
  }

  cv::CascadeClassifier& classifier_;
  const cv::Mat& picture_;
  const CascadeParameters& parameters_;
  const Host& host_;
};

}  // namespace

Status LoadCascade(const char* path, Cascade** cascade) noexcept {
  // OpenCV throws of a file that is no XML, and says false of XML that is no cascade.
  try {
    auto made = std::make_unique<Cascade>();
    if (!made->classifier.load(path)) return Status::kInvalid;
    *cascade = made.release();
    return Status::kOk;
  } catch (const std::bad_alloc&) {
    return Status::kNoMemory;
  } catch (...) {
    return Status::kInvalid;
  }
}

// detectMultiScale, size by size and strip by strip so that the host can be asked in between.
Status FindCascade(Cascade* cascade, const Picture* luma, const CascadeParameters* parameters,
                   const Host* host) noexcept {
  return Guarded([&] {
    cv::CascadeClassifier& classifier = cascade->classifier;
    const cv::Mat picture = View(*luma, CV_8UC1);
    const auto sizes = WindowSizes(classifier.getOriginalWindowSize(), picture.size(), *parameters);
    std::vector<cv::Rect> boxes;
    // Level weights would say more, but asking for them changes what is found.
    std::vector<int> neighbours;
    if (sizes.empty() || classifier.isOldFormatCascade()) {
      // None is large enough, and OpenCV takes the nearest; or OpenCV's own loop of long ago.
      if (!host->may_go_on(host->self, 0)) return Status::kStopped;
      classifier.detectMultiScale(picture, boxes, neighbours, parameters->scale,
                                  parameters->min_neighbours, 0,
                                  cv::Size(parameters->min_size, parameters->min_size));
    } else {
      Search search(classifier, picture, *parameters, *host);
      if (const Status status = search.Run(sizes); status != Status::kOk) return status;
      boxes = std::move(search.found);
      cv::groupRectangles(boxes, neighbours, parameters->min_neighbours, kGroupEpsilon);
    }
    const cv::Rect inside(0, 0, picture.cols, picture.rows);
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const cv::Rect box = boxes[i] & inside;
      if (box.empty()) continue;
      const Found found{box.x, box.y, box.width, box.height,
                        i < neighbours.size() ? neighbours[i] : 0.0};
      if (!host->take(host->self, &found)) return Status::kNoMemory;
    }
    return Status::kOk;
  });
}

void FreeCascade(Cascade* cascade) noexcept { delete cascade; }

}  // namespace sampleproc::process::opencv
