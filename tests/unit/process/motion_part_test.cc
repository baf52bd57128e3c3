#include "process/steps/motion_part.h"

#include <catch2/catch.hpp>

namespace sampleproc::process {
namespace {

using frame::Bbox;

const detect::InputShape kSquare{416, 416};

TEST_CASE("the part is half as wide as the picture is long, around what moved and inside it") {
  const std::vector<Bbox> moved = {{1000, 500, 1040, 580}};
  CHECK(PartAround(moved, 1920, 1080, kSquare) == Bbox{540, 60, 1500, 1020});
  CHECK(PartAround(std::vector<Bbox>{{0, 0, 9, 9}}, 1920, 1080, kSquare) == Bbox{0, 0, 960, 960});
  CHECK(PartAround(std::vector<Bbox>{{1911, 1071, 1920, 1080}}, 1920, 1080, kSquare) ==
        Bbox{960, 120, 1920, 1080});
  CHECK(PartAround(moved, 1920, 1080, {640, 320}) == Bbox{540, 300, 1500, 780});
  // No higher than the picture is.
  CHECK(PartAround(std::vector<Bbox>{{1000, 300, 1040, 380}}, 1920, 600, kSquare) ==
        Bbox{540, 0, 1500, 600});
}

TEST_CASE("there is no part where it would leave something out or show nothing larger") {
  CHECK_FALSE(PartAround({}, 1920, 1080, kSquare));
  CHECK(PartAround(std::vector<Bbox>{{500, 400, 1340, 440}}, 1920, 1080, kSquare));
  CHECK_FALSE(PartAround(std::vector<Bbox>{{500, 400, 1341, 440}}, 1920, 1080, kSquare));
  CHECK_FALSE(PartAround(std::vector<Bbox>{{0, 0, 9, 9}, {1900, 0, 1909, 9}}, 1920, 1080, kSquare));
  const std::vector<Bbox> moved = {{300, 200, 330, 280}};
  CHECK(PartAround(moved, 832, 576, kSquare));
  CHECK_FALSE(PartAround(moved, 831, 576, kSquare));
}

TEST_CASE("a box is cut off where the part ends and the picture goes on") {
  const Bbox part{0, 60, 960, 1020};
  CHECK_FALSE(IsCutOff({0, 100, 956, 1016}, part, 1920, 1080));
  CHECK(IsCutOff({0, 62, 100, 200}, part, 1920, 1080));
  CHECK(IsCutOff({10, 100, 958, 200}, part, 1920, 1080));
  CHECK(IsCutOff({10, 100, 100, 1019}, part, 1920, 1080));
  CHECK_FALSE(IsCutOff({0, 0, 960, 1080}, {0, 0, 960, 1080}, 960, 1080));
}

}  // namespace
}  // namespace sampleproc::process
