#include "frame/polygon.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace sampleproc::frame {
namespace {

const Polygon kLeftHalf = {{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}};
const Polygon kTriangle = {{0, 0}, {1, 0}, {0, 1}};

TEST_CASE("a pixel is inside when its middle is") {
  const std::vector<Polygon> half = {kLeftHalf};
  CHECK(Rasterise(half, 4, 1) == std::vector<std::uint8_t>{1, 1, 0, 0});
  // The middle one's middle is on the edge, and an edge's left side begins with it.
  CHECK(Rasterise(half, 3, 1) == std::vector<std::uint8_t>{1, 0, 0});
  const std::vector<Polygon> triangle = {kTriangle};
  CHECK(Rasterise(triangle, 4, 4) == std::vector<std::uint8_t>{1, 1, 1, 0,  //
                                                               1, 1, 0, 0,  //
                                                               1, 0, 0, 0,  //
                                                               0, 0, 0, 0});
}

TEST_CASE("a point is inside or outside, of a polygon with a bay too") {
  const Polygon hook = {{0, 0}, {1, 0}, {1, 1}, {0.5, 0.5}, {0, 1}};
  CHECK(IsInside({0.5, 0.25}, hook));
  CHECK(IsInside({0.1, 0.75}, hook));
  CHECK(IsInside({0.9, 0.75}, hook));
  CHECK_FALSE(IsInside({0.5, 0.75}, hook));
  CHECK_FALSE(IsInside({1.5, 0.25}, hook));
}

TEST_CASE("several polygons are one area, and the whole picture is all of it") {
  const std::vector<Polygon> both = {kLeftHalf, {{0.25, 0}, {1, 0}, {1, 1}, {0.25, 1}}};
  const auto all = Rasterise(both, 7, 5);
  CHECK(std::ranges::count(all, 1) == 35);
  CHECK(Mask(both).Covers({0, 0, 7, 5}, 7, 5));
}

TEST_CASE("a box counts as inside from half of it on") {
  const std::vector<Polygon> half = {kLeftHalf};
  CHECK(Mask(half).Covers({0, 0, 50, 10}, 100, 100));   // all of it
  CHECK(Mask(half).Covers({10, 0, 90, 10}, 100, 100));  // half
  CHECK_FALSE(Mask(half).Covers({20, 0, 90, 10}, 100, 100));
  CHECK_FALSE(Mask(half).Covers({50, 0, 100, 100}, 100, 100));
  CHECK_FALSE(Mask().Covers({0, 0, 1, 1}, 100, 100));
  CHECK(Mask(half).Covers({49, 99, 50, 100}, 100, 100));  // one pixel
}

TEST_CASE("a polygon that crosses itself has a hole where it does so twice") {
  const std::vector<Polygon> bow = {{{0, 0}, {1, 1}, {1, 0}, {0, 1}}};
  const auto pixels = Rasterise(bow, 4, 4);
  CHECK(pixels[1] == 0);  // above the crossing
  CHECK(pixels[4] == 1);  // left of it
  CHECK(pixels[7] == 1);  // right of it
}

TEST_CASE("a polygon has no area where nothing can be inside") {
  CHECK(HasArea({{0, 0}, {1, 0}, {1, 1}}));
  CHECK(HasArea({{0, 0}, {1, 1}, {1, 0}, {0, 1}}));  // a bow tie
  CHECK(HasArea({{0.5, 0.5}, {0.501, 0.5}, {0.5, 0.501}}));
  CHECK_FALSE(HasArea({{0.5, 0.5}, {0.5, 0.5}, {0.5, 0.5}}));
  CHECK_FALSE(HasArea({{0, 0}, {0.5, 0}, {1, 0}}));
  CHECK_FALSE(HasArea({{0.3, 0}, {0.3, 0.5}, {0.3, 1}}));
  CHECK_FALSE(HasArea({{0, 0.1}, {0.5, 0.35}, {1, 0.6}, {0.2, 0.2}}));
  CHECK_FALSE(HasArea({{0, 0}, {0.5, 0.7}, {1, 0.2}, {0.5, 0.7}}));  // there and back
}

}  // namespace
}  // namespace sampleproc::frame
