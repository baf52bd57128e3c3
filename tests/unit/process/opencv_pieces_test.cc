// The detectors of the OpenCV module in pieces: what they find does not depend on the pieces, and
// the host is asked between them.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <opencv2/objdetect.hpp>
#include <vector>

#include "process/steps/opencv_module.h"
#include "support/places.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"
#include "unit/video/reading.h"

namespace sampleproc::process {
namespace {

using opencv::Found;
using opencv::Status;

// Gathers what is found, and says stop after so many questions.
struct Asker {
  int may_ask = 1'000'000;
  int asked = 0;
  double last = 0;
  bool in_order = true;
  std::vector<Found> found;

  opencv::Host Host() {
    return {this,
            [](void* self, double done) noexcept {
              Asker& asker = *static_cast<Asker*>(self);
              asker.in_order = asker.in_order && done >= asker.last && done <= 1;
              asker.last = done;
              return ++asker.asked < asker.may_ask;
            },
            [](void* self, const Found* one) noexcept {
              static_cast<Asker*>(self)->found.push_back(*one);
              return true;
            }};
  }
};

OpencvModule Module() {
  auto module = LoadOpencv(testing::kOpencvModule);
  if (!module) FAIL(module.error().message);
  return *std::move(module);
}

bool Same(const Found& a, const Found& b, int slack) {
  return std::abs(a.x - b.x) <= slack && std::abs(a.y - b.y) <= slack &&
         std::abs(a.width - b.width) <= slack && std::abs(a.height - b.height) <= slack;
}

// A frame of vtest.avi with people in it.
class Street {
 public:
  Street() {
    auto reader = video::VideoReader::Open(test::SamplePath("vtest.avi").string(),
                                           video::TestOptions(), {}, budget_);
    REQUIRE(reader);
    reader_ = std::move(*reader);
    for (int i = 0; i < 61; ++i) bgr = (*reader_->Next(frame::PixelFormat::kBgr24, {}))->image;
  }
  frame::Image bgr;

 private:
  resources::MemoryBudget budget_{std::size_t{1} << 30};
  std::unique_ptr<video::VideoReader> reader_;
};

TEST_CASE("people in strips are those of the whole picture, to the last bit", "[opencv]") {
  const auto module = Module();
  opencv::People* people = nullptr;
  REQUIRE(module->make_people(&people) == Status::kOk);
  const Street street;
  const opencv::Picture picture = ToOpencv(street.bgr);
  opencv::PeopleParameters parameters{1.05, 8, 8, 2, 1'000'000'000};
  Asker whole;
  auto host = whole.Host();
  REQUIRE(module->find_people(people, &picture, &parameters, &host) == Status::kOk);
  parameters.piece_pixels = 1;
  Asker strips;
  host = strips.Host();
  REQUIRE(module->find_people(people, &picture, &parameters, &host) == Status::kOk);
  CHECK(strips.asked > whole.asked);
  CHECK(strips.in_order);
  CHECK(whole.found.size() > 1);
  REQUIRE(strips.found.size() == whole.found.size());
  for (std::size_t i = 0; i < whole.found.size(); ++i) {
    CHECK(Same(strips.found[i], whole.found[i], 0));
    CHECK(strips.found[i].score == whole.found[i].score);
  }
  for (int stop = 1; stop < 4; ++stop) {
    Asker stopped{.may_ask = stop, .found = {}};
    host = stopped.Host();
    CHECK(module->find_people(people, &picture, &parameters, &host) == Status::kStopped);
    CHECK(stopped.asked == stop);
    CHECK(stopped.found.empty());
  }
  module->free_people(people);
}

class CascadeBench {
 public:
  explicit CascadeBench(const std::string& file) {
    REQUIRE(module->load_cascade(file.c_str(), &cascade) == Status::kOk);
    REQUIRE(classifier.load(file));
  }
  ~CascadeBench() { module->free_cascade(cascade); }
  CascadeBench(const CascadeBench&) = delete;
  CascadeBench& operator=(const CascadeBench&) = delete;

  Asker Find(const frame::Image& luma, const opencv::CascadeParameters& parameters,
             Status expected = Status::kOk, int may_ask = 1'000'000) {
    Asker asker{.may_ask = may_ask, .found = {}};
    const auto host = asker.Host();
    const opencv::Picture picture = ToOpencv(luma);
    CHECK(module->find_cascade(cascade, &picture, &parameters, &host) == expected);
    return asker;
  }

  const OpencvModule module = Module();
  opencv::Cascade* cascade = nullptr;
  cv::CascadeClassifier classifier;
};

constexpr char kFaces[] = "/usr/share/opencv4/haarcascades/haarcascade_frontalface_alt2.xml";

TEST_CASE("a cascade's sizes one by one are OpenCV's own call", "[opencv]") {
  CascadeBench bench(kFaces);
  test::Door door;
  const auto photo = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(photo);
  const frame::Image& luma = photo->image;
  // 1.02 has several factors for one size; 5000 is larger than any; 0 neighbours groups nothing.
  const double scale = GENERATE(1.02, 1.1, 1.5);
  const int neighbours = GENERATE(0, 3);
  const int least = GENERATE(0, 30, 5000);
  CAPTURE(scale, neighbours, least);
  const Asker found = bench.Find(luma, {scale, neighbours, least, 1'000'000});
  std::vector<cv::Rect> boxes;
  std::vector<int> counts;
  const cv::Mat view(luma.height, luma.width, CV_8UC1, const_cast<std::uint8_t*>(luma.data),
                     luma.stride);
  bench.classifier.detectMultiScale(view, boxes, counts, scale, neighbours, 0, {least, least});
  REQUIRE(found.found.size() == boxes.size());
  CHECK(found.in_order);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Found& one = found.found[i];
    CHECK(cv::Rect(one.x, one.y, one.width, one.height) == boxes[i]);
    CHECK(one.score == counts[i]);
  }
}

TEST_CASE("a cascade in strips finds what it finds in the whole picture", "[opencv]") {
  CascadeBench bench(kFaces);
  test::Door door;
  const auto photo = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(photo);
  const Asker whole = bench.Find(photo->image, {1.1, 3, 30, 1'000'000'000});
  const Asker strips = bench.Find(photo->image, {1.1, 3, 30, 4'000});
  CHECK(strips.asked > whole.asked);
  CHECK(strips.in_order);
  REQUIRE_FALSE(whole.found.empty());
  REQUIRE(strips.found.size() == whole.found.size());
  for (std::size_t i = 0; i < whole.found.size(); ++i) {
    CHECK(Same(strips.found[i], whole.found[i], 4));
  }
  const Asker stopped = bench.Find(photo->image, {1.1, 3, 30, 4'000}, Status::kStopped, 3);
  CHECK(stopped.asked == 3);
}

}  // namespace
}  // namespace sampleproc::process
