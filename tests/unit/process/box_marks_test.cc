#include "process/box_marks.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>

#include "codec/decoder.h"
#include "codec/jpeg_encoder.h"

namespace sampleproc::process {
namespace {

constexpr int kWidth = 320;
constexpr int kHeight = 240;

struct Drawing {
  std::vector<std::uint8_t> pixels =
      std::vector<std::uint8_t>(std::size_t{3} * kWidth * kHeight, 90);
  frame::Image image{pixels.data(), kWidth, kHeight, std::size_t{3} * kWidth,
                     frame::PixelFormat::kBgr24};

  explicit Drawing(const std::vector<MarkedBox>& boxes) { DrawMarks(pixels.data(), image, boxes); }

  bool Is(int x, int y, std::array<int, 3> colour) const {
    const std::uint8_t* const pixel = image.Row(y) + std::ptrdiff_t{3} * x;
    return pixel[0] == colour[0] && pixel[1] == colour[1] && pixel[2] == colour[2];
  }
  // Pixels of the colour on the way from x to `end` in row y.
  int Along(int x, int end, int y, std::array<int, 3> colour) const {
    int count = 0;
    for (; x < end; ++x) count += Is(x, y, colour) ? 1 : 0;
    return count;
  }
};

constexpr std::array<int, 3> kOrange = {0, 159, 230};
constexpr std::array<int, 3> kBlue = {233, 180, 86};
constexpr std::array<int, 3> kGray = {205, 205, 205};

TEST_CASE("boxes of two runs differ in colour and in line, also where they are the same") {
  const frame::Bbox box{100, 100, 200, 180};
  const Drawing drawing({{box, Mark::kBefore, "person"}, {box, Mark::kNow, "person 0.61"}});
  // The lower edges: the earlier one within, in dashes as long as the gaps; this run's around it.
  const int dashes = drawing.Along(100, 200, 179, kOrange);
  CHECK(dashes > 35);
  CHECK(dashes < 65);
  CHECK(drawing.Along(100, 200, 181, kBlue) == 100);
  CHECK(drawing.Is(150, 140, {90, 90, 90}));

  const Drawing both({{box, Mark::kBoth, "car"}});
  CHECK(both.Along(100, 200, 179, kGray) == 100);
  CHECK(both.Along(100, 200, 178, kGray) < 10);  // thin
}

TEST_CASE("labels name the run") {
  CHECK(MarkName(Mark::kBefore) == "before");
  CHECK(MarkName(Mark::kNow) == "now");
  CHECK(MarkName(Mark::kBoth) == "both");
  const Drawing drawing({{{100, 100, 200, 180}, Mark::kBefore, "person"}});
  int labelled = 0;
  for (int y = 180; y < 195; ++y) labelled += drawing.Along(100, 200, y, kOrange);
  CHECK(labelled > 300);
}

TEST_CASE("boxes that are nowhere near the picture are drawn without harm") {
  constexpr int kMost = std::numeric_limits<int>::max();
  constexpr int kLeast = std::numeric_limits<int>::min();
  for (const frame::Bbox& box :
       {frame::Bbox{kLeast, kLeast, kMost, kMost}, frame::Bbox{kMost, kMost, kLeast, kLeast},
        frame::Bbox{0, 0, 0, 0}, frame::Bbox{-5, 10, 5, 1000}}) {
    for (const Mark mark : {Mark::kBefore, Mark::kNow, Mark::kBoth}) {
      const Drawing drawing({{box, mark, std::string(1000, '\xff')}});
      CHECK(drawing.pixels.size() == std::size_t{3} * kWidth * kHeight);
    }
  }
}

TEST_CASE("a kept picture is drawn on by the size of its frame") {
  const std::vector<std::uint8_t> gray(std::size_t{kWidth} * kHeight, 90);
  const auto jpeg =
      codec::EncodeJpeg({gray.data(), kWidth, kHeight, kWidth, frame::PixelFormat::kGray8}, 85);
  REQUIRE(jpeg);
  resources::MemoryBudget budget(std::size_t{64} << 20);
  // The frame was four times as large.
  const auto drawn = MarkedJpeg(*jpeg, 4 * kWidth, 4 * kHeight,
                                {{{400, 400, 800, 720}, Mark::kNow, "x"}}, {}, {}, budget);
  REQUIRE(drawn);
  CHECK(budget.used() == 0);
  codec::Scratch scratch;
  const auto decoded = codec::Decode({*drawn}, frame::PixelFormat::kBgr24, {}, {}, budget, scratch);
  REQUIRE(decoded);
  CHECK(decoded->width == kWidth);
  const auto is_blue = [&](int x, int y) {
    const std::uint8_t* const pixel = decoded->image.Row(y) + std::ptrdiff_t{3} * x;
    return pixel[0] > pixel[2] + 60;
  };
  CHECK(is_blue(150, 181));
  CHECK_FALSE(is_blue(150, 140));
  CHECK_FALSE(MarkedJpeg({}, 1, 1, {}, {}, {}, budget));
}

}  // namespace
}  // namespace sampleproc::process
