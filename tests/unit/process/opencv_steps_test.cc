// The steps motion, people and cascade against OpenCV's own calls, on people who walk (vtest.avi).
#include <algorithm>
#include <catch2/catch.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <random>

#include "process/steps/people_regions.h"
#include "process/steps/steps.h"
#include "support/places.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/codec/picture_maker.h"
#include "unit/process/step_bench.h"
#include "unit/video/reading.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;
using frame::PixelFormat;

Options WithModule() {
  Options options;
  options.opencv_module = testing::kOpencvModule;
  return options;
}

std::unique_ptr<Step> Made(base::Result<std::unique_ptr<Step>> step) {
  if (!step) FAIL(step.error().message);
  return std::move(*step);
}

std::unique_ptr<Step> People(PeopleOptions::When when) {
  Options options = WithModule();
  options.people.when = when;
  return Made(MakePeopleStep(options));
}

// The frames of a video in gray and in colour.
class Walkers {
 public:
  Walkers() {
    gray_ = Open();
    colour_ = Open();
  }
  void Next() {
    luma = (*gray_->Next(PixelFormat::kGray8, {}))->image;
    bgr = (*colour_->Next(PixelFormat::kBgr24, {}))->image;
  }
  frame::Image luma;
  frame::Image bgr;

 private:
  std::unique_ptr<video::VideoReader> Open() {
    auto reader = video::VideoReader::Open(test::SamplePath("vtest.avi").string(),
                                           video::TestOptions(), {}, budget_);
    REQUIRE(reader);
    return std::move(*reader);
  }
  resources::MemoryBudget budget_{std::size_t{1} << 30};
  std::unique_ptr<video::VideoReader> gray_;
  std::unique_ptr<video::VideoReader> colour_;
};

cv::Mat View(const frame::Image& image) {
  return {image.height, image.width, image.format == PixelFormat::kGray8 ? CV_8UC1 : CV_8UC3,
          const_cast<std::uint8_t*>(image.data), image.stride};
}

frame::Bbox ToBox(const cv::Rect& r) { return {r.x, r.y, r.x + r.width, r.y + r.height}; }

// The person within a window of OpenCV's detector, which has a margin on each side.
frame::Bbox Body(const cv::Rect& window) {
  const int width = cvRound(window.width * 0.5);
  const int height = cvRound(window.height * 0.65);
  return ToBox({window.x + (window.width - width) / 2, window.y + (window.height - height) / 2,
                width, height});
}

// Intersection over union.
double Fit(const frame::Bbox& a, const frame::Bbox& b) {
  const cv::Rect one(a.x1, a.y1, a.x2 - a.x1, a.y2 - a.y1);
  const cv::Rect other(b.x1, b.y1, b.x2 - b.x1, b.y2 - b.y1);
  return static_cast<double>((one & other).area()) / (one | other).area();
}

// The share of `box` that lies inside one of the boxes of motion.
double Covered(const frame::Bbox& box, const std::vector<frame::Detection>& motion) {
  int inside = 0;
  for (int y = box.y1; y < box.y2; ++y) {
    for (int x = box.x1; x < box.x2; ++x) {
      inside += std::ranges::any_of(motion, [&](const frame::Detection& d) {
        return d.bbox.x1 <= x && x < d.bbox.x2 && d.bbox.y1 <= y && y < d.bbox.y2;
      });
    }
  }
  return static_cast<double>(inside) / ((box.x2 - box.x1) * (box.y2 - box.y1));
}

TEST_CASE("people of a larger picture are those of the working size", "[opencv]") {
  Walkers video;
  for (int i = 0; i < 60; ++i) video.Next();
  constexpr int kFactor = 4;
  cv::Mat large;
  cv::resize(View(video.bgr), large, {}, kFactor, kFactor, cv::INTER_CUBIC);
  const frame::Image bgr{large.data, large.cols, large.rows, large.step, PixelFormat::kBgr24};
  Options options = WithModule();
  options.people.when = PeopleOptions::When::kAlways;
  options.working_pixels = static_cast<std::uint64_t>(video.bgr.width * video.bgr.height);
  StepBench people(Made(MakePeopleStep(options)));
  const auto small = people.Run(video.luma, video.bgr).result.detections;
  const auto outcome = people.Run(video.luma, bgr);
  REQUIRE(outcome.status);
  const auto& found = outcome.result.detections;
  CHECK(found.size() > 1);
  REQUIRE(found.size() == small.size());
  for (const frame::Detection& person : small) {
    const frame::Bbox& box = person.bbox;
    const frame::Bbox expected{box.x1 * kFactor, box.y1 * kFactor, box.x2 * kFactor,
                               box.y2 * kFactor};
    CHECK(std::ranges::any_of(
        found, [&](const frame::Detection& other) { return Fit(other.bbox, expected) > 0.8; }));
  }
}

TEST_CASE("people are OpenCV's, and where they walk there is motion", "[opencv]") {
  Walkers video;
  StepBench motion(Made(MakeMotionStep(WithModule())));
  motion.frame.camera_id = "mall";
  StepBench people(People(PeopleOptions::When::kAlways));
  StepBench gated(People(PeopleOptions::When::kMotion));
  cv::HOGDescriptor hog;
  hog.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
  int sure = 0;
  int moving = 0;
  int found_again = 0;
  for (int i = 0; i < 541; ++i) {
    video.Next();
    const Outcome moved = motion.Run(video.luma);
    REQUIRE(moved.status);
    CHECK(moved.report.skipped == (i < 15 ? "warming_up" : ""));
    if (i < 60 || i % 60 != 0) continue;
    const Outcome seen = people.Run(video.luma, video.bgr);
    REQUIRE(seen.status);
    std::vector<cv::Rect> boxes;
    std::vector<double> weights;
    hog.detectMultiScale(View(video.bgr), boxes, weights, 0, {8, 8}, {8, 8}, 1.05, 2);
    REQUIRE(seen.result.detections.size() == boxes.size());
    CHECK_FALSE(boxes.empty());
    frame::FrameResult before = moved.result;
    before.steps.push_back({"motion", "", {}});
    const Outcome near_motion = gated.Run(video.luma, video.bgr, before);
    REQUIRE(near_motion.status);
    for (std::size_t k = 0; k < boxes.size(); ++k) {
      const frame::Detection& person = seen.result.detections[k];
      CHECK(person.bbox == Body(boxes[k]));
      CHECK(person.confidence == frame::ScoreToConfidence(weights[k], 2.5, 0.4));
      if (person.confidence <= 0.7) continue;
      ++sure;
      const double covered = Covered(person.bbox, moved.result.detections);
      UNSCOPED_INFO("frame " << i << " at " << person.bbox.x1 << "," << person.bbox.y1
                             << ": covered " << covered);
      if (covered < 0.4) continue;
      ++moving;
      found_again +=
          std::ranges::any_of(near_motion.result.detections, [&](const frame::Detection& again) {
            return again.class_name == "person" && Covered(person.bbox, {again}) >= 0.5;
          });
    }
  }
  CAPTURE(sure, moving);
  CHECK(sure >= 8);
  CHECK(moving * 5 >= sure * 4);
  CAPTURE(found_again);
  CHECK(found_again * 10 >= moving * 9);
  CHECK(people.budget.used() == 0);
}

TEST_CASE("a person's box fits the person", "[opencv]") {
  Walkers video;
  for (int i = 0; i < 20; ++i) video.Next();
  StepBench people(People(PeopleOptions::When::kAlways));
  const Outcome seen = people.Run(video.luma, video.bgr);
  REQUIRE(seen.status);
  // Drawn by hand around the three who stand free.
  for (const frame::Bbox& person : std::initializer_list<frame::Bbox>{
           {358, 194, 398, 278}, {461, 232, 487, 320}, {695, 277, 737, 387}}) {
    CAPTURE(person.x1);
    CHECK(std::ranges::any_of(seen.result.detections, [&](const frame::Detection& found) {
      return Fit(found.bbox, person) > 0.5;
    }));
  }
}

// A sensor's noise: normal, with a spread of 4 of 256 levels, on what is `gain` times as bright.
// Drawn once, more of it than a frame has pixels, and begun anywhere for each frame: drawing it
// anew took most of the time of these tests.
class Sensor {
 public:
  Sensor() : noise_(kDrawn) {
    std::normal_distribution<float> normal{0, 4};
    for (float& value : noise_) value = normal(random_);
  }

  frame::Image operator()(const frame::Image& scene, float gain = 1) {
    pixels_.resize(scene.stride * static_cast<std::size_t>(scene.height));
    REQUIRE(pixels_.size() <= kDrawn);
    std::size_t at = random_() % kDrawn;
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      const auto value = static_cast<float>(scene.data[i]) * gain + noise_[at];
      pixels_[i] = static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F));
      if (++at == kDrawn) at = 0;
    }
    frame::Image image = scene;
    image.data = pixels_.data();
    return image;
  }

 private:
  static constexpr std::size_t kDrawn = 1'000'003;

  std::mt19937 random_{3};
  std::vector<float> noise_;
  test::Bytes pixels_;
};

std::int64_t Area(const frame::Bbox& box) {
  return std::int64_t{box.x2 - box.x1} * (box.y2 - box.y1);
}

// The detector's time goes with the pixels it looks at; tests/bench/run.py --only half-still has
// the time itself, and the people that are lost.
TEST_CASE(
    "in a scene that stands still half of the time people are looked for in half of the pixels",
    "[opencv]") {
  constexpr int kStretch = 100;
  Walkers video;
  Sensor sensor;
  StepBench motion(Made(MakeMotionStep(WithModule())));
  motion.frame.camera_id = "mall";
  StepBench gated(People(PeopleOptions::When::kMotion));
  std::int64_t all = 0;
  std::int64_t searched[2] = {0, 0};  // while it moves, while it stands
  int frames_looked_at[2] = {0, 0};
  for (int i = 0; i < 4 * kStretch; ++i) {
    const int still = i / kStretch % 2;
    if (still == 0) video.Next();
    const frame::Bbox whole{0, 0, video.luma.width, video.luma.height};
    const Outcome moved = motion.Run(sensor(video.luma));
    REQUIRE(moved.status);
    all += Area(whole);
    std::vector<frame::Bbox> regions = {whole};
    if (moved.report.skipped.empty()) {
      regions = PeopleRegions(moved.result.detections, whole.x2, whole.y2);
    }
    for (const frame::Bbox& region : regions) searched[still] += Area(region);
    frames_looked_at[still] += regions.empty() ? 0 : 1;
    if (i % 20 != 19) continue;
    frame::FrameResult before = moved.result;
    before.steps.push_back({"motion", moved.report.skipped, {}});
    const Outcome looked = gated.Run(video.luma, video.bgr, before);
    REQUIRE(looked.status);
    CHECK(looked.report.skipped == (regions.empty() ? "no_motion" : ""));
    CHECK(gated.colour_asked == !regions.empty());
  }
  CAPTURE(all, searched[0], searched[1], frames_looked_at[0], frames_looked_at[1]);
  CHECK(2 * (searched[0] + searched[1]) <= all);
  // Who stops counts as moving until the background has taken him in: 50 of its frames.
  CHECK(2 * frames_looked_at[1] < 2 * kStretch + kStretch / 2);
  CHECK(frames_looked_at[0] > 190);
}

TEST_CASE("a still scene with a sensor's noise has no motion; the lights are no motion either",
          "[opencv]") {
  test::Door door;
  const auto photo = door.Decode(test::Sample("aero3.jpg"));
  REQUIRE(photo);
  StepBench motion(Made(MakeMotionStep(WithModule())));
  motion.frame.camera_id = "still";
  Sensor sensor;
  const auto next = [&](float gain) { return motion.Run(sensor(photo->image, gain)); };
  for (int i = 0; i < 45; ++i) {
    const Outcome outcome = next(1.0F);
    REQUIRE(outcome.status);
    CHECK(outcome.result.detections.empty());
  }
  const Outcome dark = next(0.4F);
  CHECK(dark.report.skipped == "scene_changed");
  CHECK(dark.result.detections.empty());
  CHECK(next(0.4F).report.skipped == "warming_up");
}

TEST_CASE("motion has its reasons not to look", "[opencv]") {
  const test::Bytes pixels(640 * 480, 99);
  const frame::Image image{pixels.data(), 640, 480, 640, PixelFormat::kGray8};
  StepBench motion(Made(MakeMotionStep(WithModule())), 64);
  CHECK(motion.Run(image).report.skipped == "no_camera");
  for (int camera = 0; camera < 64; ++camera) {
    motion.frame.camera_id = std::to_string(camera);
    CHECK(motion.Run(image).report.skipped == "warming_up");
  }
  // The background, and where something moved in the last 50 frames.
  CHECK(motion.budget.used() == 64 * (std::size_t{320} * 240 * 62 + std::size_t{50} * 32 * 16));
  motion.frame.camera_id = "one more";
  CHECK(motion.Run(image).report.skipped == "max_cameras");
  CHECK(motion.cameras.counts().refused_frames == 1);
}

TEST_CASE("people are looked for where motion was seen or could not be judged", "[opencv]") {
  const test::Bytes pixels(128 * 160 * 3, 99);
  const frame::Image bgr{pixels.data(), 128, 160, 384, PixelFormat::kBgr24};
  const frame::Image luma{pixels.data(), 128, 160, 128, PixelFormat::kGray8};
  StepBench gated(People(PeopleOptions::When::kMotion));
  CHECK(gated.Run(luma, bgr).report.skipped.empty());
  frame::FrameResult watched;
  watched.steps.push_back({"motion", "", {}});
  CHECK(gated.Run(luma, bgr, watched).report.skipped == "no_motion");
  CHECK_FALSE(gated.colour_asked);
  for (const char* refused : {"max_cameras", "no_memory"}) {
    watched.steps[0].skipped = refused;
    CHECK(gated.Run(luma, bgr, watched).report.skipped == refused);
  }
  CHECK_FALSE(gated.colour_asked);
  watched.steps[0].skipped = "warming_up";
  CHECK(gated.Run(luma, bgr, watched).report.skipped.empty());
  watched.steps[0].skipped = "";
  watched.detections.push_back({"motion", 0.5, {0, 0, 9, 9}, "mog2"});
  CHECK(gated.Run(luma, bgr, watched).report.skipped.empty());
  StepBench always(People(PeopleOptions::When::kAlways));
  watched.detections.clear();
  CHECK(always.Run(luma, bgr, watched).report.skipped.empty());
  frame::Image narrow = bgr;
  narrow.width = 63;
  CHECK(always.Run(luma, narrow).report.skipped == "too_small");
}

TEST_CASE("a cancelled frame does not go through the pyramid", "[opencv]") {
  const test::Bytes pixels(640 * 480 * 3, 99);
  const frame::Image bgr{pixels.data(), 640, 480, 1920, PixelFormat::kBgr24};
  StepBench people(People(PeopleOptions::When::kAlways));
  people.allowance.cancel.Cancel();
  CHECK(people.Run(bgr, bgr).status.error().code == ErrorCode::kCancelled);
  CHECK(people.budget.used() == 0);
}

// One stage of one stump on an upright edge: enough for OpenCV to find some and to weigh them.
constexpr char kEdgeCascade[] = R"(<?xml version="1.0"?><opencv_storage>
<cascade type_id="opencv-cascade-classifier"><stageType>BOOST</stageType>
<featureType>HAAR</featureType><height>20</height><width>20</width>
<stageParams><maxWeakCount>1</maxWeakCount></stageParams>
<featureParams><maxCatCount>0</maxCatCount></featureParams><stageNum>1</stageNum>
<stages><_><maxWeakCount>1</maxWeakCount><stageThreshold>0.5</stageThreshold>
<weakClassifiers><_><internalNodes>0 -1 0 0.3</internalNodes><leafValues>-1. 1.</leafValues></_>
</weakClassifiers></_></stages>
<features><_><rects><_>2 2 16 16 -1.</_><_>2 2 8 16 2.</_></rects><tilted>0</tilted></_></features>
</cascade></opencv_storage>)";

// How many objects the step and OpenCV's own call found in the picture, the same ones.
std::size_t CompareCascade(const std::string& file, const frame::Image& luma) {
  INFO(file);
  Options options = WithModule();
  options.cascade.file = file;
  options.cascade.name = "thing";
  StepBench cascade(Made(MakeCascadeStep(options)));
  const Outcome found = cascade.Run(luma);
  REQUIRE(found.status);
  cv::CascadeClassifier classifier;
  REQUIRE(classifier.load(file));
  std::vector<cv::Rect> boxes;
  std::vector<int> neighbours;
  classifier.detectMultiScale(View(luma), boxes, neighbours, 1.1, 3, 0, {30, 30});
  REQUIRE(found.result.detections.size() == boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const frame::Detection& thing = found.result.detections[i];
    CHECK(thing.class_name == "thing");
    CHECK(thing.detector == "cascade");
    CHECK(thing.bbox == ToBox(boxes[i]));
    CHECK(thing.confidence == frame::ScoreToConfidence(neighbours[i], 0.15, 3.0));
  }
  std::vector<cv::Rect> plain;
  classifier.detectMultiScale(View(luma), plain, 1.1, 3, 0, {30, 30});
  CHECK(plain == boxes);
  return boxes.size();
}

TEST_CASE("a cascade finds what OpenCV finds with it, under the name it was given", "[opencv]") {
  const testing::TempDir dir;
  test::Door door;
  const auto photo = door.Decode(test::Sample("messi5.jpg"));
  REQUIRE(photo);
  CHECK(CompareCascade(dir.Write("edge.xml", kEdgeCascade).string(), photo->image) > 3);
}

TEST_CASE("trained cascades, Haar and LBP, find what OpenCV finds with them", "[opencv]") {
  // Debian's package opencv-data.
  const std::string trained = "/usr/share/opencv4/";
  std::size_t faces = 0;
  for (const char* picture : {"messi5.jpg", "basketball1.png"}) {
    test::Door door;
    const auto photo = door.Decode(test::Sample(picture));
    REQUIRE(photo);
    for (const char* file : {"haarcascades/haarcascade_frontalface_default.xml",
                             "haarcascades/haarcascade_frontalface_alt2.xml",
                             "lbpcascades/lbpcascade_frontalface_improved.xml"}) {
      faces += CompareCascade(trained + file, photo->image);
    }
    for (const char* file : {"haarcascade_eye.xml", "haarcascade_fullbody.xml"}) {
      CompareCascade(trained + "haarcascades/" + file, photo->image);
    }
  }
  CHECK(faces >= 3);
  Walkers video;
  video.Next();
  CompareCascade(trained + "haarcascades/haarcascade_fullbody.xml", video.luma);
}

TEST_CASE("a cascade that is missing, no cascade or not given says so", "[opencv]") {
  Options options = WithModule();
  CHECK(MakeCascadeStep(options).error().code == ErrorCode::kConfig);
  const testing::TempDir dir;
  for (const char* text :
       {"", "no XML", "<?xml version=\"1.0\"?><opencv_storage></opencv_storage>"}) {
    options.cascade.file = dir.Write("c.xml", text).string();
    const auto made = MakeCascadeStep(options);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kConfig);
  }
  options.cascade.scale = 1.0;
  CHECK(MakeCascadeStep(options).error().message.find("scale") != std::string::npos);
  options.cascade.scale = 1.1;
  options.cascade.file = "/nowhere/at/all.xml";
  CHECK(MakeCascadeStep(options).error().code == ErrorCode::kConfig);
}

TEST_CASE("a module that is missing is named when a step needs it", "[opencv]") {
  Options options;
  options.opencv_module = "/nowhere/sampleproc_opencv.so";
  const auto made = MakeMotionStep(options);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnavailable);
  CHECK(made.error().message.find("sampleproc_opencv.so") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::process
