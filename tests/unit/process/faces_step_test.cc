#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <cstring>

#include "process/steps/face_finder.h"
#include "process/steps/steps.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"
#include "unit/process/step_bench.h"

namespace sampleproc::process {
namespace {

using base::ErrorCode;
using test::Door;

class Bench : public StepBench {
 public:
  explicit Bench(int min_size = 40) : StepBench(Make(min_size)) {}

 private:
  static std::unique_ptr<Step> Make(int min_size) {
    Options options;
    options.faces.min_size = min_size;
    return std::move(*MakeFacesStep(options));
  }
};

// dlib itself, with the detector as dlib builds it, on the same luma.
std::vector<std::pair<dlib::rectangle, double>> Direct(const frame::Image& luma, bool doubled) {
  static dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
  dlib::array2d<unsigned char> picture(luma.height, luma.width);
  for (int y = 0; y < luma.height; ++y) {
    for (int x = 0; x < luma.width; ++x) picture[y][x] = luma.Row(y)[x];
  }
  const dlib::pyramid_down<2> pyramid;
  if (doubled) {
    dlib::array2d<unsigned char> larger;
    dlib::pyramid_up(picture, larger, pyramid);
    picture.swap(larger);
  }
  std::vector<dlib::rect_detection> found;
  detector(picture, found);
  std::vector<std::pair<dlib::rectangle, double>> faces;
  for (const auto& face : found) {
    dlib::rectangle rect = face.rect;
    if (doubled) rect = pyramid.rect_down(rect);
    faces.emplace_back(rect.intersect(dlib::rectangle(0, 0, luma.width - 1, luma.height - 1)),
                       face.detection_confidence);
  }
  return faces;
}

TEST_CASE("faces are those that dlib finds, once each, and none in fruit") {
  const std::vector<std::pair<std::string, std::size_t>> pictures = {
      {"basketball1.png", 1}, {"messi5.jpg", 1}, {"fruits.jpg", 0}};
  Bench bench;
  for (const auto& [name, count] : pictures) {
    CAPTURE(name);
    Door door;
    const auto decoded = door.Decode(test::Sample(name));
    REQUIRE(decoded);
    const Outcome outcome = bench.Run(decoded->image);
    REQUIRE(outcome.status);
    const auto direct = Direct(decoded->image, true);
    REQUIRE(outcome.result.detections.size() == count);
    REQUIRE(direct.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      const frame::Detection& face = outcome.result.detections[i];
      const auto& [rect, score] = direct[i];
      CAPTURE(score, face.confidence, face.bbox.x1, face.bbox.y1, face.bbox.x2, face.bbox.y2);
      CHECK(face.class_name == "face");
      CHECK(face.detector == "dlib-frontal");
      CHECK(face.bbox == frame::Bbox{static_cast<int>(rect.left()), static_cast<int>(rect.top()),
                                     static_cast<int>(rect.right() + 1),
                                     static_cast<int>(rect.bottom() + 1)});
      CHECK(face.confidence == frame::ScoreToConfidence(score, 2.0, 0.0));
      CHECK(face.confidence >= 0.5);
      CHECK(face.confidence < 1.0);
    }
    CHECK(bench.budget.used() == 0);
  }
}

TEST_CASE("from a smallest size of 80 the frame is not doubled, and small faces are not found") {
  Door door;
  const auto decoded = door.Decode(test::Sample("messi5.jpg"));
  REQUIRE(decoded);
  Bench bench(80);
  const Outcome outcome = bench.Run(decoded->image);
  REQUIRE(outcome.status);
  CHECK(outcome.result.detections.size() == Direct(decoded->image, false).size());
  CHECK(outcome.result.detections.empty());
}

TEST_CASE("a face at the edge of the frame has its box clipped to it") {
  Door door;
  const auto decoded = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(decoded);
  Bench bench;
  const Outcome whole = bench.Run(decoded->image);
  REQUIRE(whole.result.detections.size() == 1);
  const frame::Bbox face = whole.result.detections[0].bbox;
  for (int cut = 0; cut < 16; cut += 4) {
    frame::Image part = decoded->image;
    part.data += face.x1 + cut;
    part.width = std::min(part.width - face.x1 - cut, 200);
    const Outcome outcome = bench.Run(part);
    REQUIRE(outcome.status);
    for (const frame::Detection& d : outcome.result.detections) {
      CHECK(0 <= d.bbox.x1);
      CHECK(d.bbox.x1 < d.bbox.x2);
      CHECK(d.bbox.x2 <= part.width);
      CHECK(d.bbox.y2 <= part.height);
    }
  }
}

TEST_CASE("pictures smaller than a face are looked at without harm") {
  Bench bench;
  Bench undoubled(80);
  for (const auto& [width, height] :
       {std::pair{1, 1}, {1, 40}, {40, 1}, {2, 2}, {7, 9}, {39, 39}}) {
    const test::Bytes pixels = test::TestPixels(width, height, 1);
    const frame::Image image{pixels.data(), width, height, static_cast<std::size_t>(width),
                             frame::PixelFormat::kGray8};
    CHECK(bench.Run(image).status);
    CHECK(undoubled.Run(image).status);
  }
}

TEST_CASE("a frame too large for the whole budget is refused with what to change") {
  Bench bench;
  const test::Bytes pixel(1, 0);
  const frame::Image huge{pixel.data(), 60'000, 30'000, 60'000, frame::PixelFormat::kGray8};
  const Outcome outcome = bench.Run(huge);
  REQUIRE_FALSE(outcome.status);
  CHECK(outcome.status.error().code == ErrorCode::kInvalidFrame);
  CHECK_THAT(outcome.status.error().message,
             Catch::Contains("60000x30000") && Catch::Contains("resources.memory_limit"));
}

TEST_CASE("faces wait for nothing when the budget is full, the frame cancelled or late") {
  const test::Bytes pixels = test::TestPixels(100, 100, 1);
  const frame::Image image{pixels.data(), 100, 100, 100, frame::PixelFormat::kGray8};
  Bench full;
  const auto all = full.budget.TryReserve(full.budget.capacity(), "the test");
  CHECK(full.Run(image).status.error().code == ErrorCode::kOverloaded);
  Bench cancelled;
  cancelled.allowance.cancel.Cancel();
  CHECK(cancelled.Run(image).status.error().code == ErrorCode::kCancelled);
  Bench late;
  late.allowance.deadline = base::Deadline(base::SystemClock(), std::chrono::seconds(-1));
  CHECK(late.Run(image).status.error().code == ErrorCode::kDeadline);
  CHECK(late.budget.used() == 0);
}

// The photo with the face, several times, at places that no strip or cell favours.
test::Bytes Crowd(const frame::Image& photo, int width, int height) {
  test::Bytes pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 96);
  for (int top = 13; top + photo.height <= height; top += photo.height - 101) {
    for (int y = 0; y < photo.height; ++y) {
      std::memcpy(pixels.data() + std::ptrdiff_t{width} * (top + y) + 7, photo.Row(y),
                  static_cast<std::size_t>(std::min(photo.width, width - 7)));
    }
  }
  return pixels;
}

TEST_CASE("in strips there are the same faces with the same scores as all at once") {
  Door door;
  const auto decoded = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(decoded);
  // Odd sizes: the last strip is of any height, the columns are no multiple of four.
  const int width = decoded->image.width + 8 + GENERATE(0, 3);
  const int height = 1501;
  const bool doubled = GENERATE(false, true);
  const test::Bytes pixels = Crowd(decoded->image, width, height);
  const frame::Image image{pixels.data(), width, height, static_cast<std::size_t>(width),
                           frame::PixelFormat::kGray8};
  const auto direct = Direct(image, doubled);
  REQUIRE(direct.size() >= (doubled ? 3 : 0));
  FaceFinder finder(doubled, FaceFinder::kNoLimit, 1);  // as many strips as there can be
  const auto found = finder.Find(image, {});
  REQUIRE(found);
  REQUIRE(found->size() == direct.size());
  for (std::size_t i = 0; i < direct.size(); ++i) {
    const FoundFace& face = (*found)[i];
    const dlib::rectangle rect = dlib::rectangle(face.left, face.top, face.right, face.bottom)
                                     .intersect(dlib::rectangle(0, 0, width - 1, height - 1));
    CHECK(rect == direct[i].first);
    CHECK(face.score == direct[i].second);  // to the last bit
  }
}

// Says stop when it has been asked so often.
class CountingClock final : public base::Clock {
 public:
  base::MonoTime Now() const override { return base::MonoTime(std::chrono::hours(++asked_)); }
  base::WallTime Wall() const override { return {}; }
  int asked() const { return asked_; }

 private:
  mutable int asked_ = 0;
};

TEST_CASE("the deadline of a large frame is asked within its largest level") {
  const test::Bytes pixels(2000 * 1600, 128);
  const frame::Image image{pixels.data(), 2000, 1600, 2000, frame::PixelFormat::kGray8};
  // 12.8 megapixels in the first level: a strip, its five detectors, the next strip.
  CountingClock clock;
  FaceFinder finder(true);
  const auto found =
      finder.Find(image, {.deadline = base::Deadline(clock, std::chrono::hours(16))});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::kDeadline);
  CHECK(clock.asked() == 17);
}

TEST_CASE("faces of 20 megapixels fit the default budget") {
  CHECK(FaceFinder(true).BytesFor(5184, 3888) < (std::size_t{1} << 30) / 4);
}

TEST_CASE("faces of a larger picture are looked for from the working size on") {
  Door door;
  const auto decoded = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(decoded);
  constexpr int kFactor = 8;
  dlib::array2d<unsigned char> photo(decoded->image.height, decoded->image.width);
  for (int y = 0; y < decoded->image.height; ++y) {
    std::copy_n(decoded->image.Row(y), decoded->image.width, &photo[y][0]);
  }
  dlib::array2d<unsigned char> large(photo.nr() * kFactor, photo.nc() * kFactor);
  dlib::resize_image(photo, large);
  const auto image = [](const dlib::array2d<unsigned char>& pixels) {
    return frame::Image{&pixels[0][0], static_cast<int>(pixels.nc()), static_cast<int>(pixels.nr()),
                        static_cast<std::size_t>(pixels.width_step()), frame::PixelFormat::kGray8};
  };
  const std::uint64_t pixels = photo.size();
  FaceFinder limited(true, pixels);
  const auto found = limited.Find(image(large), {});
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  // A picture of the working size is looked at as without a limit.
  const auto small = limited.Find(image(photo), {});
  const auto all = FaceFinder(true).Find(image(photo), {});
  REQUIRE(small);
  REQUIRE(all);
  REQUIRE(small->size() == 1);
  REQUIRE(all->size() == 1);
  const FoundFace& face = found->front();
  const FoundFace& before = small->front();
  CHECK(all->front().score == before.score);
  const long side = before.right - before.left;
  CHECK(std::abs(face.left / kFactor - before.left) <= side / 8);
  CHECK(std::abs(face.bottom / kFactor - before.bottom) <= side / 8);
}

TEST_CASE("faces of a large picture take less memory the less is looked at") {
  const bool doubled = GENERATE(false, true);
  CHECK(FaceFinder(doubled, 2'073'600).BytesFor(5184, 3888) <
        FaceFinder(doubled).BytesFor(5184, 3888) * 2 / 3);
}

TEST_CASE("a large frame leaves the detector as good as new") {
  Door door;
  const auto decoded = door.Decode(test::Sample("basketball1.png"));
  REQUIRE(decoded);
  Bench bench;
  const Outcome before = bench.Run(decoded->image);
  const test::Bytes pixels(1200 * 1160, 128);
  CHECK(bench.Run({pixels.data(), 1200, 1160, 1200, frame::PixelFormat::kGray8}).status);
  const Outcome after = bench.Run(decoded->image);
  CHECK(before.result.detections == after.result.detections);
}

}  // namespace
}  // namespace sampleproc::process
