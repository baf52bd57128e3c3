// Pictures that are lost in a video are counted, and cost no others.
#include <catch2/catch.hpp>

#include "unit/video/damage.h"

namespace sampleproc::video {
namespace {

using testing::TempDir;

std::vector<std::string> PicturesOf(const std::string& stream) {
  std::vector<std::string> pictures;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t next = std::min(stream.find("\xFF\xD8\xFF", at + 1), stream.size());
    pictures.push_back(stream.substr(at, next - at));
    at = next;
  }
  return pictures;
}

TEST_CASE("damage among JPEG pictures costs the one that it is in", "[video]") {
  const TempDir dir;
  const std::string whole = Content(Make(dir, "a.mjpeg", "-c:v mjpeg -q:v 3"));
  const std::vector<std::string> pictures = PicturesOf(whole);
  REQUIRE(pictures.size() == 20);
  Options options = TestOptions();
  for (const bool packets : {false, true}) {
    options.jpeg_packets = packets;
    CAPTURE(packets);
    for (const std::string& before : {std::string("\xFF\xE1\xFF\xFF"), std::string(700, 'x'),
                                      "x\xFF\xC4\x40\xFF" + std::string(90'000, '\0')}) {
      const Outcome outcome = ReadOn(dir.Write("b.mjpeg", before + whole), options);
      CHECK(outcome.errors.empty());
      CHECK(outcome.frames.size() == 20);
      CHECK(outcome.frames.back().pts == Approx(19 / 25.0));
    }
    const Outcome headless = ReadOn(dir.Write("c.mjpeg", whole.substr(1000)), options);
    CHECK(headless.errors == std::vector<std::size_t>{0});
    CHECK(headless.frames.size() == 19);
    std::string damaged = whole;
    const std::size_t within = pictures[0].size() + pictures[1].size() / 2;
    damaged.replace(within, 5, std::string("\xFF\xE1\xFF\xFF\0", 5));
    const Outcome outcome = ReadOn(dir.Write("d.mjpeg", damaged), options);
    CHECK(outcome.frames.size() + outcome.errors.size() == 20);
    CHECK(outcome.frames.size() >= 19);
  }
}

// AVI: "00dc" length(4) data, padded to an even length.
TEST_CASE("pictures that an AVI announces and has not are told at its end", "[video]") {
  const TempDir dir;
  for (const char* coding : {"-c:v mjpeg -q:v 3", "-c:v mpeg4 -g 5"}) {
    INFO(coding);
    std::string content = Content(Make(dir, "a.avi", coding));
    CHECK(ReadOn(dir.Write("b.avi", content)).errors.empty());
    const std::size_t chunk = content.find("00dc", content.size() / 2);
    REQUIRE(chunk < content.find("idx1"));
    content.replace(chunk, 16, 16, '\0');
    const Outcome outcome = ReadOn(dir.Write("c.avi", content));
    CHECK(outcome.errors.size() == 1);
    CHECK(outcome.frames.size() + outcome.left_out + 1 == 20);
  }
}

TEST_CASE("pictures before the first that stands alone are counted", "[video]") {
  const TempDir dir;
  const std::string whole =
      Content(Make(dir, "a.h264", "-c:v libx264 -bf 0 -g 10 -keyint_min 10 -sc_threshold 0"));
  // Behind the first picture: three start codes are those of the parameters and of SEI.
  const std::size_t second = whole.find(std::string("\0\0\1\x41", 4));
  REQUIRE(second != std::string::npos);
  const Outcome outcome = ReadOn(dir.Write("b.h264", whole.substr(second)));
  CHECK(outcome.frames.size() == 10);
  CHECK(outcome.left_out == 9);
  CHECK(outcome.errors.empty());
}

}  // namespace
}  // namespace sampleproc::video
