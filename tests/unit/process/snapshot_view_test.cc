#include "process/snapshot_view.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "codec/decoder.h"
#include "codec/jpeg_encoder.h"

namespace sampleproc::process {
namespace {

struct Views {
  std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(std::size_t{320} * 240, 90);
  base::ByteBuffer jpeg =
      codec::EncodeJpeg({pixels.data(), 320, 240, 320, frame::PixelFormat::kGray8}, 90).value();
  frame::Detection detection{
      .class_name = "person", .confidence = 0.9, .bbox = {100, 60, 180, 140}, .detector = {}};
  resources::MemoryBudget budget{64 << 20};
  codec::Scratch scratch;

  codec::Decoded View(const SnapshotView& view) {
    const auto drawn = ViewOf(jpeg, detection, view, {}, {}, budget);
    REQUIRE(drawn);
    auto decoded = codec::Decode({*drawn}, frame::PixelFormat::kBgr24, {}, {}, budget, scratch);
    REQUIRE(decoded);
    return std::move(*decoded);
  }
};

// Whether there is something of colour.
bool HasColour(const frame::Image& image) {
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* const pixel = image.Row(y) + std::ptrdiff_t{3} * x;
      const auto [least, most] = std::minmax({pixel[0], pixel[1], pixel[2]});
      if (most - least > 60) return true;
    }
  }
  return false;
}

TEST_CASE("an event's picture is annotated in its size, and cut to the box and what is around it") {
  Views views;
  const auto boxes = views.View({.annotate = true});
  CHECK(boxes.width == 320);
  CHECK(boxes.height == 240);
  CHECK(HasColour(boxes.image));
  const auto crop = views.View({.crop = true});
  CHECK(crop.width == 120);
  CHECK(crop.height == 120);
  CHECK_FALSE(HasColour(crop.image));
  const auto both = views.View({.annotate = true, .crop = true});
  CHECK(both.width == 120);
  CHECK(HasColour(both.image));
}

TEST_CASE("an event's box that is not in its picture is not cut out of it") {
  Views views;
  views.detection.bbox = {300, 200, 400, 400};
  CHECK(views.View({.crop = true}).width == 70);
  CHECK(views.View({.crop = true}).height == 90);
  views.detection.bbox = {5000, 5000, 5010, 5010};
  CHECK(views.View({.annotate = true, .crop = true}).width == 320);
  views.detection.bbox = {-50, -50, 0, 0};
  CHECK(views.View({.annotate = true, .crop = true}).width > 0);
  views.jpeg.resize(20);
  CHECK_FALSE(ViewOf(views.jpeg, views.detection, {.crop = true}, {}, {}, views.budget));
}

}  // namespace
}  // namespace sampleproc::process
