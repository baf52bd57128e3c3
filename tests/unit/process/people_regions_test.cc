#include "process/steps/people_regions.h"

#include <catch2/catch.hpp>

namespace sampleproc::process {
namespace {

using frame::Bbox;

frame::Detection Moved(const Bbox& box) { return {"motion", 0.9, box, "mog2"}; }

TEST_CASE("people are looked for around what moved, inside the picture") {
  const auto regions = PeopleRegions({Moved({300, 200, 330, 280})}, 768, 576);
  REQUIRE(regions.size() == 1);
  CHECK(regions[0] == Bbox{252, 144, 378, 336});
  for (const Bbox& corner : {Bbox{0, 0, 9, 9}, Bbox{760, 560, 768, 576}}) {
    const auto at_corner = PeopleRegions({Moved(corner)}, 768, 576);
    REQUIRE(at_corner.size() == 1);
    CHECK(at_corner[0].x1 >= 0);
    CHECK(at_corner[0].x2 <= 768);
    CHECK(at_corner[0].y1 >= 0);
    CHECK(at_corner[0].y2 <= 576);
    CHECK(at_corner[0].y2 - at_corner[0].y1 == 192);
  }
  CHECK(PeopleRegions({Moved({0, 0, 70, 130})}, 70, 130)[0] == Bbox{0, 0, 70, 130});
}

TEST_CASE("parts that overlap much are one, and what did not move is none") {
  const auto near =
      PeopleRegions({Moved({300, 200, 330, 280}), Moved({320, 210, 350, 290})}, 768, 576);
  REQUIRE(near.size() == 1);
  CHECK(near[0].x1 == 252);
  CHECK(near[0].x2 == 398);
  CHECK(PeopleRegions({Moved({0, 0, 30, 80}), Moved({600, 400, 630, 480})}, 768, 576).size() == 2);
  CHECK(PeopleRegions({{"face", 0.9, {0, 0, 30, 80}, "dlib-frontal"}}, 768, 576).empty());
}

TEST_CASE("a person seen twice is kept once, with more confidence; others stay") {
  std::vector<frame::Detection> detections = {
      {"motion", 0.9, {10, 10, 74, 138}, "mog2"},
      {"person", 0.6, {10, 10, 74, 138}, "opencv-hog"},
      {"person", 0.8, {14, 12, 78, 140}, "opencv-hog"},
      {"person", 0.7, {60, 10, 124, 138}, "opencv-hog"},
  };
  DropRepeated(detections, 1);
  REQUIRE(detections.size() == 3);
  CHECK(detections[0].class_name == "motion");
  CHECK(detections[1].confidence == 0.8);
  CHECK(detections[2].confidence == 0.7);
}

}  // namespace
}  // namespace sampleproc::process
