#include "frame/frame_names.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::frame {
namespace {

TEST_CASE("a name is known by another spelling") {
  for (const char* typed : {"camera_id", "cameraId", "CAMERA-ID", "cameraid", "__camera_id__"}) {
    CAPTURE(typed);
    CHECK(IsSpellingOf(typed, "camera_id"));
    CHECK(MeantName(typed) == "camera_id");
  }
  for (const char* typed : {"", "camera_i", "camera_ids", "camera id", "_"}) {
    CAPTURE(typed);
    CHECK_FALSE(IsSpellingOf(typed, "camera_id"));
  }
  CHECK_FALSE(IsSpellingOf(std::string("camera_id\0x", 11), "camera_id"));
}

TEST_CASE("words of other services mean ours, settings are none of a request") {
  CHECK(MeantName("camera") == "camera_id");
  CHECK(MeantName("TS") == "timestamp");
  CHECK(MeantName("h") == "height");
  CHECK(MeantName("tenant").empty());
  CHECK(MeantName("").empty());
  CHECK(MeantName("_-").empty());
  CHECK(ConfiguredBy("pipeline") == "process.pipeline");
  CHECK(ConfiguredBy("minConfidence") == "process.detection_threshold");
  CHECK(ConfiguredBy("camera").empty());
}

}  // namespace
}  // namespace sampleproc::frame
