#include "process/annotate.h"

#include <array>

#include "process/bitmap_font.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::process {
namespace {

using test::Bytes;
using test::Door;

base::Result<Bytes> AnnotateWith(Door& door, const Bytes& encoded,
                                 std::vector<frame::Detection> detections) {
  frame::Frame frame;
  frame.encoded = encoded;
  frame::FrameResult result;
  result.detections = std::move(detections);
  return Annotate(frame, result, door.options, door.allowance, door.budget, door.scratch,
                  std::chrono::milliseconds(0));
}

int Distance(const frame::Image& a, const frame::Image& b, int x, int y) {
  int distance = 0;
  for (int c = 0; c < 3; ++c) {
    distance = std::max(distance, std::abs(a.Row(y)[3 * x + c] - b.Row(y)[3 * x + c]));
  }
  return distance;
}

TEST_CASE("an annotated frame differs where its box and label are, and nowhere else") {
  const Bytes encoded = test::Sample("messi5.jpg");
  Door plain_door;
  const auto plain = plain_door.Decode(encoded, frame::PixelFormat::kBgr24);
  REQUIRE(plain);
  Door door;
  const auto jpeg = AnnotateWith(door, encoded, {{"face", 0.93, {100, 100, 200, 200}, "dlib"}});
  REQUIRE(jpeg);
  CHECK(door.budget.used() == 0);
  Door result_door;
  const auto drawn = result_door.Decode(*jpeg, frame::PixelFormat::kBgr24);
  REQUIRE(drawn);
  REQUIRE(drawn->image.width == plain->image.width);
  REQUIRE(drawn->image.height == plain->image.height);
  CHECK(Distance(plain->image, drawn->image, 100, 150) > 60);
  CHECK(Distance(plain->image, drawn->image, 199, 150) > 60);
  CHECK(Distance(plain->image, drawn->image, 150, 199) > 60);
  CHECK(Distance(plain->image, drawn->image, 105, 97) > 60);
  CHECK(Distance(plain->image, drawn->image, 150, 150) < 60);
  CHECK(Distance(plain->image, drawn->image, 300, 300) < 60);
}

TEST_CASE("boxes and labels at the edges stay inside the picture") {
  for (const auto& [width, height] : {std::pair{1, 1}, {9, 3}, {60, 40}}) {
    Door door;
    const Bytes encoded = test::MakePng({.width = width, .height = height});
    const auto jpeg = AnnotateWith(door, encoded,
                                   {{"face", 1.0, {0, 0, width, height}, "d"},
                                    {"A name that is far too long for this picture and \xff",
                                     0.0,
                                     {width - 1, height - 1, width, height},
                                     "d"}});
    CHECK(jpeg);
  }
}

// Pixels of `colour` (blue, green, red), as JPEG leaves them.
int Count(const frame::Image& image, const frame::Bbox& box, std::array<int, 3> colour) {
  int count = 0;
  for (int y = box.y1; y < box.y2; ++y) {
    for (int x = box.x1; x < box.x2; ++x) {
      int distance = 0;
      for (int c = 0; c < 3; ++c) {
        distance = std::max(
            distance, std::abs(image.Row(y)[3 * x + c] - colour[static_cast<std::size_t>(c)]));
      }
      count += distance < 40 ? 1 : 0;
    }
  }
  return count;
}

TEST_CASE("a label is whole and inside the picture wherever its box is") {
  constexpr std::array<int, 3> kFace = {80, 220, 255};
  const Bytes black = test::MakeJpeg({.width = 320, .height = 240, .flat = {0, 0, 0}});
  const auto drawn = [&](std::vector<frame::Detection> detections, Door& door) {
    Door first;
    const auto jpeg = AnnotateWith(first, black, std::move(detections));
    REQUIRE(jpeg);
    auto decoded = door.Decode(*jpeg, frame::PixelFormat::kBgr24);
    REQUIRE(decoded);
    return decoded->image;
  };
  Door middle_door;
  const int whole = Count(drawn({{"face", 0.93, {150, 100, 152, 102}, "d"}}, middle_door),
                          {0, 0, 320, 240}, kFace);
  for (const frame::Bbox& box : std::initializer_list<frame::Bbox>{{0, 0, 2, 2},
                                                                   {318, 0, 320, 2},
                                                                   {318, 238, 320, 240},
                                                                   {0, 238, 2, 240},
                                                                   {100, 4, 102, 6},
                                                                   {100, 236, 102, 238}}) {
    CAPTURE(box.x1, box.y1);
    Door door;
    const int here = Count(drawn({{"face", 0.93, box, "d"}}, door), {0, 0, 320, 240}, kFace);
    CHECK(here > whole * 9 / 10);
  }
}

TEST_CASE("labels do not hide one another while there is room") {
  const Bytes black = test::MakeJpeg({.width = 320, .height = 240, .flat = {0, 0, 0}});
  const auto coloured = [&](std::vector<frame::Detection> detections) {
    Door first;
    Door second;
    const auto jpeg = AnnotateWith(first, black, std::move(detections));
    REQUIRE(jpeg);
    const auto decoded = second.Decode(*jpeg, frame::PixelFormat::kBgr24);
    REQUIRE(decoded);
    return Count(decoded->image, {0, 0, 320, 240}, {80, 220, 255});
  };
  const frame::Bbox box{100, 100, 180, 180};
  const int outline =
      coloured({{"face", 0.9, box, "d"}, {"face", 0.9, box, "d"}, {"face", 0.9, box, "d"}}) -
      coloured({{"face", 0.9, box, "d"}});
  Door door;
  const int one = coloured({{"face", 0.9, {10, 10, 12, 12}, "d"}});
  CHECK(outline > one);
}

TEST_CASE("a frame that cannot be decoded cannot be annotated") {
  Door door;
  const auto jpeg = AnnotateWith(door, Bytes(10, 1), {});
  REQUIRE_FALSE(jpeg);
  CHECK(jpeg.error().code == base::ErrorCode::kUnsupportedFormat);
}

TEST_CASE("every letter and digit has a glyph of its own") {
  std::vector<Glyph> glyphs;
  for (const char c : std::string("abcdefghijklmnopqrstuvwxyz0123456789 .%-_?")) {
    glyphs.push_back(GlyphOf(c));
  }
  std::sort(glyphs.begin(), glyphs.end());
  CHECK(std::adjacent_find(glyphs.begin(), glyphs.end()) == glyphs.end());
  CHECK(GlyphOf('F') == GlyphOf('f'));
  CHECK(GlyphOf('l')[0] == 0b01100);
}

}  // namespace
}  // namespace sampleproc::process
