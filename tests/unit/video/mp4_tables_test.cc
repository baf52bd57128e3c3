#include "video/mp4_tables.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/temp_dir.h"
#include "unit/video/reading.h"

namespace sampleproc::video {
namespace {

std::string Number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

std::string Box(const std::string& type, const std::string& content) {
  return Number(static_cast<std::uint32_t>(content.size() + 8)) + type + content;
}

std::string SampleSizes(std::uint32_t size, std::uint32_t count) {
  return Box("stsz", Number(0) + Number(size) + Number(count));
}

std::string Run(std::uint32_t flags, std::uint32_t count) {
  return Box("trun", Number(flags) + Number(count));
}

// What the check says about a file with these boxes in its head.
std::optional<base::Error> Problem(const std::string& boxes, const std::string& tail = "") {
  const testing::TempDir dir;
  const auto path = dir.Write("a.mp4", Box("ftyp", "isom____") + boxes + tail);
  const auto file = SourceFile::Open(path.string());
  REQUIRE(file);
  const auto checked = CheckMp4Tables(*file);
  if (checked) return std::nullopt;
  return checked.error();
}

TEST_CASE("tables that claim a plausible number of samples pass", "[video][hostile]") {
  CHECK_FALSE(Problem(Box("moov", SampleSizes(4, 1'000'000))));
  CHECK_FALSE(Problem(Box("moov", SampleSizes(0, 2'000'000'000))));  // each with its own size
  CHECK_FALSE(Problem(Box("moof", Run(0x200, 2'000'000'000))));
  CHECK_FALSE(Problem(""));
}

TEST_CASE("tables that claim more samples than the file can hold are refused", "[video][hostile]") {
  for (const std::string& boxes :
       {Box("moov", SampleSizes(1, 1'001'000)), Box("moov", SampleSizes(1, 4'294'967'295)),
        Box("moov", SampleSizes(4, 600'000) + SampleSizes(4, 600'000)),
        Box("moof", Box("traf", Run(0, 2'000'000))), Box("meta", SampleSizes(1, 2'000'000)),
        // Lengths that lie do not hide them.
        Number(3) + "moov" + SampleSizes(1, 2'000'000),
        Number(4'000'000'000) + "moov" + SampleSizes(1, 2'000'000)}) {
    const auto problem = Problem(boxes);
    REQUIRE(problem);
    CHECK(problem->code == base::ErrorCode::kInvalidFrame);
  }
  CHECK(Problem(Box("moov", Box("cmov", "zlib")))->code == base::ErrorCode::kUnsupportedFormat);
}

TEST_CASE("a table across two blocks is seen", "[video][hostile]") {
  for (std::size_t before = 262'100; before < 262'150; ++before) {
    CHECK(Problem(Box("moov", std::string(before, 'x') + SampleSizes(1, 3'000'000))));
  }
}

TEST_CASE("picture data is not looked at", "[video][hostile]") {
  CHECK_FALSE(Problem(Box("mdat", SampleSizes(1, 4'000'000'000))));
  CHECK_FALSE(
      Problem("", Number(1) + "mdat" + Number(0) + Number(36) + SampleSizes(1, 4'000'000'000)));
}

TEST_CASE("a few bytes that claim millions of samples are refused on opening", "[video][hostile]") {
  const testing::TempDir dir;
  const auto path =
      dir.Write("a.mp4", Box("ftyp", "isom____") + Box("moov", SampleSizes(1, 5'000'000)) +
                             Box("mdat", std::string(100, 'x')));
  const ReadVideo video = ReadAll(path, frame::PixelFormat::kGray8);
  REQUIRE(video.error);
  CHECK(video.error->code == base::ErrorCode::kInvalidFrame);
  CHECK(video.error->message.find("more samples") != std::string::npos);
}

}  // namespace
}  // namespace sampleproc::video
