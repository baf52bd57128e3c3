// What the steps cost at least: OpenCV's and dlib's own calls, on the pixels that the steps get.
//
//   opencv_steps motion ROUNDS FRAME.jpg...
//     The frames in their order, as often as told after a first time that teaches the background,
//     each as one of several cameras sees it in turn. Prints the mean CPU time of a frame:
//     {"gray_decode_ns": .., "scaling_ns": .., "mog2_ns": .., "opening_ns": .., "regions_ns": ..,
//      "opencv_opening_ns": .., "opencv_regions_ns": ..}
//     opening and regions are the step's own, opencv_* OpenCV's threshold, morphologyEx and
//     connectedComponentsWithStats, which give the same and take longer.
//   opencv_steps faces|people PAIRS FRAME.jpg
//     The decoded frame and the library's bare call, and the frame through the corridor, in turn.
//     Prints [[bare_ns, ours_ns], ..]. Fails when a box differs.
#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/video/background_segm.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "codec/decoder.h"
#include "process/processor.h"
#include "process/steps/opencv/regions.h"

namespace {

using namespace sampleproc;  // NOLINT(google-build-using-namespace): a program of one file
using frame::PixelFormat;

double CpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "opencv_steps: %s\n", why.c_str());
  std::exit(1);
}

base::ByteBuffer Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) Die("cannot read a frame");
  const base::ByteView bytes = base::AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

// Frames into pixels, as the service does it.
class Decoder {
 public:
  cv::Mat operator()(const base::ByteBuffer& jpeg, codec::Wanted wanted) {
    auto decoded = codec::Decode({jpeg}, wanted, codec::Options{}, {}, budget_, scratch_);
    if (!decoded) Die(decoded.error().message);
    const frame::Image& image = decoded->image;
    return {image.height, image.width, wanted.format == PixelFormat::kGray8 ? CV_8UC1 : CV_8UC3,
            scratch_.Pixels(), image.stride};
  }

 private:
  resources::MemoryBudget budget_{std::size_t{1} << 30};
  codec::Scratch scratch_;
};

template <typename Work>
void AddTime(double& to, Work work) {
  const double start = CpuNanoseconds();
  work();
  to += CpuNanoseconds() - start;
}

// The step's model is 320 pixels wide; lib/process/steps/motion_step.cc.
constexpr int kModelWidth = 320;

// As many as tests/bench/steps.py asks the service for: each has a background of its own, which is
// more than a cache holds.
constexpr int kCameras = 4;

int Motion(int rounds, const std::vector<base::ByteBuffer>& frames) {
  Decoder decode;
  std::vector<cv::Ptr<cv::BackgroundSubtractorMOG2>> backgrounds(kCameras);
  for (auto& background : backgrounds) background = cv::createBackgroundSubtractorMOG2();
  double decoding = 0, scaling = 0, mog2 = 0, opening = 0, regions = 0;
  double opencv_opening = 0, opencv_regions = 0;
  std::size_t sink = 0;
  cv::Mat mask, labels, found, centres;
  for (int round = -1; round < rounds; ++round) {
    if (round == 0)
      decoding = scaling = mog2 = opening = regions = opencv_opening = opencv_regions = 0;
    for (std::size_t at = 0; at < frames.size() * kCameras; ++at) {
      const base::ByteBuffer& jpeg = frames[at / kCameras];
      cv::BackgroundSubtractorMOG2& background = *backgrounds[at % kCameras];
      cv::Mat picture;
      AddTime(decoding, [&] { picture = decode(jpeg, {PixelFormat::kGray8, kModelWidth}); });
      AddTime(scaling, [&] {
        if (picture.cols == kModelWidth) return;
        cv::Mat scaled;
        cv::resize(picture, scaled,
                   {kModelWidth, cvRound(1.0 * picture.rows * kModelWidth / picture.cols)}, 0, 0,
                   cv::INTER_AREA);
        picture = scaled;
      });
      AddTime(mog2, [&] { background.apply(picture, mask); });
      process::opencv::BitMask opened(mask.data, mask.step, mask.cols, mask.rows);
      AddTime(opening, [&] {
        opened = process::opencv::BitMask(mask.data, mask.step, mask.cols, mask.rows).Opened();
      });
      AddTime(regions, [&] { sink += process::opencv::FindRegions(opened).size(); });
      AddTime(opencv_opening, [&] {
        cv::threshold(mask, mask, 254, 255, cv::THRESH_BINARY);
        cv::morphologyEx(mask, mask, cv::MORPH_OPEN, cv::Mat::ones(2, 2, CV_8U));
      });
      AddTime(opencv_regions,
              [&] { cv::connectedComponentsWithStats(mask, labels, found, centres, 8, CV_32S); });
    }
  }
  const double count = static_cast<double>(frames.size()) * kCameras * rounds;
  std::printf(
      "{\"gray_decode_ns\": %.0f, \"scaling_ns\": %.0f, \"mog2_ns\": %.0f, \"opening_ns\": %.0f, "
      "\"regions_ns\": %.0f, \"opencv_opening_ns\": %.0f, \"opencv_regions_ns\": %.0f}\n",
      decoding / count, scaling / count, mog2 / count, opening / count, regions / count,
      opencv_opening / count, opencv_regions / count);
  return sink > 0 ? 0 : 1;
}

using Boxes = std::vector<frame::Bbox>;

// dlib's example of finding faces, on the picture at twice its size as the step does by default.
class BareFaces {
 public:
  Boxes operator()(const base::ByteBuffer& jpeg) {
    const cv::Mat luma = decode_(jpeg, PixelFormat::kGray8);
    dlib::array2d<unsigned char> picture(luma.rows, luma.cols);
    for (int y = 0; y < luma.rows; ++y) {
      std::memcpy(&picture[y][0], luma.ptr(y), static_cast<std::size_t>(luma.cols));
    }
    const dlib::pyramid_down<2> pyramid;
    dlib::pyramid_up(picture, pyramid);
    Boxes boxes;
    for (const dlib::rectangle& doubled : detector_(picture)) {
      const dlib::rectangle face = pyramid.rect_down(doubled);
      const auto x = [&](long at) { return static_cast<int>(std::clamp(at, 0L, long{luma.cols})); };
      const auto y = [&](long at) { return static_cast<int>(std::clamp(at, 0L, long{luma.rows})); };
      boxes.push_back({x(face.left()), y(face.top()), x(face.right() + 1), y(face.bottom() + 1)});
    }
    return boxes;
  }

 private:
  Decoder decode_;
  dlib::frontal_face_detector detector_ = dlib::get_frontal_face_detector();
};

class BarePeople {
 public:
  BarePeople() { hog_.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector()); }

  Boxes operator()(const base::ByteBuffer& jpeg) {
    std::vector<cv::Rect> found;
    hog_.detectMultiScale(decode_(jpeg, PixelFormat::kBgr24), found, 0, {8, 8}, {8, 8}, 1.05, 2);
    Boxes boxes;
    for (const cv::Rect& r : found) boxes.push_back({r.x, r.y, r.x + r.width, r.y + r.height});
    return boxes;
  }

 private:
  Decoder decode_;
  cv::HOGDescriptor hog_;
};

template <typename Bare>
int Detector(const char* step, int pairs, const base::ByteBuffer& jpeg) {
  process::Options options;
  options.pipeline = {step};
  options.detection_threshold = 0;
  options.people.when = process::PeopleOptions::When::kAlways;
  options.opencv_module = SAMPLEPROC_OPENCV_MODULE;
  resources::MemoryBudget budget(std::size_t{1} << 30);
  process::CameraStates cameras(1, budget);
  const codec::Options codec_options;
  auto processor =
      process::Processor::Make({options, codec_options, budget, base::SystemClock(), cameras});
  if (!processor) Die(processor.error().message);
  frame::Frame frame;
  frame.frame_id = "bench";
  frame.encoded = jpeg;
  Bare bare;
  std::printf("[");
  for (int pair = -1; pair < pairs; ++pair) {  // the first one is not counted
    double theirs = 0, ours = 0;
    Boxes expected;
    AddTime(theirs, [&] { expected = bare(jpeg); });
    Boxes boxes;
    AddTime(ours, [&] {
      const auto result = processor->Process(frame, {});
      if (!result) Die(result.error().message);
      for (const frame::Detection& detection : result->detections) boxes.push_back(detection.bbox);
    });
    if (boxes != expected) Die("the boxes differ");
    if (boxes.empty()) Die("nothing is found in this frame, which shows nothing");
    if (pair >= 0) std::printf("%s[%.0f, %.0f]", pair == 0 ? "" : ", ", theirs, ours);
  }
  std::printf("]\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) Die("usage: opencv_steps motion|faces|people COUNT FRAME.jpg...");
  cv::setNumThreads(0);
  const std::string_view what = argv[1];
  const int count = std::max(1, std::atoi(argv[2]));  // NOLINT(cert-err34-c)
  std::vector<base::ByteBuffer> frames;
  for (int i = 3; i < argc; ++i) frames.push_back(Read(argv[i]));
  if (what == "motion") return Motion(count, frames);
  if (what == "faces") return Detector<BareFaces>("faces", count, frames[0]);
  if (what == "people") return Detector<BarePeople>("people", count, frames[0]);
  Die("no such step");
}
