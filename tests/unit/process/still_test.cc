#include "process/still.h"

#include <catch2/catch.hpp>
#include <vector>

#include "base/bytes.h"
#include "codec/decoder.h"

namespace sampleproc::process {
namespace {

struct Canvas {
  Canvas(int width, int height, frame::PixelFormat format)
      : pixels(static_cast<std::size_t>(width * height * frame::Channels(format))),
        image{pixels.data(), width, height,
              static_cast<std::size_t>(width * frame::Channels(format)), format} {}

  std::vector<std::uint8_t> pixels;
  frame::Image image;
};

struct Pixels {
  resources::MemoryBudget budget{64 << 20};
  codec::Scratch scratch;
  codec::Decoded decoded;

  explicit Pixels(const std::string& jpeg) {
    auto result =
        codec::Decode({base::AsBytes(jpeg)}, frame::PixelFormat::kBgr24, {}, {}, budget, scratch);
    REQUIRE(result);
    decoded = std::move(*result);
  }
  const std::uint8_t* At(int x, int y) const {
    return decoded.image.Row(y) + std::ptrdiff_t{3} * x;
  }
};

frame::FrameResult ResultOf(const frame::Image& image) {
  frame::FrameResult result;
  result.width = image.width;
  result.height = image.height;
  return result;
}

TEST_CASE("a picture is shrunk to 640 pixels a side, whatever its shape") {
  struct Case {
    int width, height, small_width, small_height;
  };
  for (const Case& each : {Case{1920, 1080, 640, 360}, Case{960, 540, 640, 360},
                           Case{300, 3000, 64, 640}, Case{640, 480, 640, 480}, Case{7, 5, 7, 5},
                           Case{2000, 1, 640, 1}, Case{641, 1, 640, 1}, Case{1, 1, 1, 1}}) {
    const Canvas canvas(each.width, each.height, frame::PixelFormat::kBgr24);
    const auto made = MakeStills(canvas.image, ResultOf(canvas.image), true, false);
    REQUIRE(made);
    REQUIRE(made->plain);
    CHECK_FALSE(made->annotated);
    const Pixels small(*made->plain);
    CHECK(small.decoded.width == each.small_width);
    CHECK(small.decoded.height == each.small_height);
  }
}

TEST_CASE("a pixel of a shrunk picture is the mean of those it covers, gray or in colour") {
  for (const auto format : {frame::PixelFormat::kGray8, frame::PixelFormat::kBgr24}) {
    Canvas canvas(1280, 64, format);
    for (std::size_t i = 0; i < canvas.pixels.size(); ++i) {
      const std::size_t x = i / static_cast<std::size_t>(frame::Channels(format)) % 1280;
      canvas.pixels[i] = x % 2 == 0 ? 100 : 200;
    }
    const auto made = MakeStills(canvas.image, ResultOf(canvas.image), true, false);
    REQUIRE(made);
    const Pixels small(*made->plain);
    for (const int x : {0, 100, 639}) {
      for (int c = 0; c < 3; ++c) CHECK(std::abs(int{small.At(x, 16)[c]} - 150) <= 3);
    }
  }
}

TEST_CASE("boxes are drawn in the small picture's pixels, on the picture that is to have them") {
  const Canvas canvas(1280, 960, frame::PixelFormat::kBgr24);
  frame::FrameResult result = ResultOf(canvas.image);
  result.detections = {{"person", 0.9, {400, 400, 800, 800}, "test"}};
  const auto made = MakeStills(canvas.image, result, true, true);
  REQUIRE(made);
  REQUIRE(made->annotated);
  const Pixels plain(*made->plain);
  const Pixels annotated(*made->annotated);
  CHECK(plain.At(300, 399)[1] < 30);
  CHECK(annotated.At(300, 399)[1] > 150);  // the box's lower edge
  CHECK(annotated.At(300, 300)[1] < 30);   // within it
}

}  // namespace
}  // namespace sampleproc::process
