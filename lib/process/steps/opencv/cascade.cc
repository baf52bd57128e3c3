#include <memory>
#include <opencv2/objdetect.hpp>
#include <vector>

#include "process/steps/opencv/guard.h"
#include "process/steps/opencv/kernels.h"

namespace sampleproc::process::opencv {

struct Cascade {
  cv::CascadeClassifier classifier;
};

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

Status FindCascade(Cascade* cascade, const Picture* luma, const CascadeParameters* parameters,
                   const Host* host) noexcept {
  return Guarded([&] {
    if (!host->may_go_on(host->self)) return Status::kStopped;
    // Level weights would say more, but asking for them changes what is found.
    std::vector<cv::Rect> boxes;
    std::vector<int> neighbours;
    cascade->classifier.detectMultiScale(View(*luma, CV_8UC1), boxes, neighbours, parameters->scale,
                                         parameters->min_neighbours, 0,
                                         cv::Size(parameters->min_size, parameters->min_size));
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const Found found{boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height,
                        i < neighbours.size() ? neighbours[i] : 0.0};
      if (!host->take(host->self, &found)) return Status::kNoMemory;
    }
    return Status::kOk;
  });
}

void FreeCascade(Cascade* cascade) noexcept { delete cascade; }

}  // namespace sampleproc::process::opencv
