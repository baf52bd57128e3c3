// H.265, whose decoder marks no frame as broken.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/temp_dir.h"
#include "unit/video/damage.h"

namespace sampleproc::video {
namespace {

using frame::PixelFormat;
using testing::TempDir;

// Of a bare H.265 stream: where each coded picture's unit begins and ends, and its type.
struct Unit {
  std::size_t begin = 0;
  std::size_t end = 0;
  int type = 0;
};

std::vector<Unit> UnitsOf(const std::string& stream) {
  const std::string start("\0\0\1", 3);
  std::vector<Unit> units;
  for (std::size_t at = stream.find(start); at != std::string::npos;) {
    const std::size_t next = stream.find(start, at + 3);
    units.push_back(
        {at, std::min(next, stream.size()), static_cast<unsigned char>(stream[at + 3]) >> 1 & 63});
    at = next;
  }
  return units;
}

TEST_CASE("an H.265 picture that refers to a missing one is an error, not made up", "[video]") {
  const TempDir dir;
  const std::string coding =
      "-c:v libx265 -x265-params "
      "log-level=none:keyint=5:min-keyint=5:scenecut=0:bframes=0:open-gop=";
  for (const char* gop : {"0", "1"}) {
    INFO(gop);
    const auto path = Make(dir, "a.h265", coding + gop);
    const ReadVideo whole = ReadAll(path, PixelFormat::kGray8);
    REQUIRE(whole.frames.size() == 20);
    const std::string content = Content(path);
    int referred = 0;
    for (const Unit& unit : UnitsOf(content)) {
      constexpr int kTrailingReference = 1;
      if (unit.type != kTrailingReference) continue;
      const Outcome outcome =
          ReadOn(dir.Write("lost.h265", content.substr(0, unit.begin) + content.substr(unit.end)));
      CHECK(AreAmong(outcome.frames, whole.frames));
      CHECK(outcome.frames.size() >= 15);
      CHECK(outcome.errors.size() <= 1);
      if (!outcome.errors.empty()) ++referred;
    }
    // Nothing refers to the last picture before the next that needs no other.
    CHECK(referred >= 8);
  }
}

TEST_CASE("what an H.265 stream may do is no damage", "[video]") {
  const TempDir dir;
  for (const char* parameters :
       {"keyint=10:min-keyint=10:open-gop=1:bframes=3", "keyint=8:open-gop=1:bframes=4:b-pyramid=1",
        "keyint=10:slices=4", "keyint=8:bframes=0:repeat-headers=1", "keyint=10:intra-refresh=1",
        "keyint=10:hash=1"}) {
    INFO(parameters);
    for (const char* format : {"", "-pix_fmt yuv420p10le "}) {
      const auto path =
          Make(dir, "a.h265",
               std::string(format) + "-c:v libx265 -x265-params log-level=none:" + parameters);
      const Outcome outcome = ReadOn(path);
      CHECK(outcome.errors.empty());
      CHECK(outcome.frames.size() == 20);
    }
  }
  // Begun at a picture of whose leading ones the references are not in the file.
  const std::string content =
      Content(Make(dir, "a.h265",
                   "-c:v libx265 -x265-params log-level=none:keyint=8:min-keyint=8:open-gop=1:"
                   "bframes=3:scenecut=0:repeat-headers=1"));
  constexpr int kParameters = 32;
  constexpr int kCleanRandomAccess = 21;
  std::size_t parameters = 0;
  std::optional<std::size_t> begin;
  for (const Unit& unit : UnitsOf(content)) {
    if (unit.type == kParameters) parameters = unit.begin;
    if (unit.type == kCleanRandomAccess && !begin) begin = parameters;
  }
  REQUIRE(begin);
  const Outcome outcome = ReadOn(dir.Write("cut.h265", content.substr(*begin)));
  CHECK(outcome.errors.empty());
  CHECK(outcome.frames.size() >= 8);
}

}  // namespace
}  // namespace sampleproc::video
