#include "video/declared_length.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/temp_dir.h"

namespace sampleproc::video {
namespace {

bool CutShort(const std::string& content, Container container) {
  const testing::TempDir dir;
  const auto file = SourceFile::Open(dir.Write("video", content).string());
  REQUIRE(file);
  const auto found = WalkOuterChunks(*file, container);
  REQUIRE(found);
  return found->cut_short;
}

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string Avi(int length, std::size_t content, const char* form = "AVI ") {
  return "RIFF" + Bytes({length, 0, 0, 0}) + form + std::string(content - 4, 'x');
}

TEST_CASE("an AVI must hold what its chunks say", "[video]") {
  CHECK_FALSE(CutShort(Avi(100, 100), Container::kAvi));
  CHECK_FALSE(CutShort(Avi(100, 120), Container::kAvi));  // something behind it
  CHECK_FALSE(CutShort(Avi(108, 100), Container::kAvi));  // the head counted in
  CHECK(CutShort(Avi(110, 100), Container::kAvi));
  CHECK_FALSE(CutShort(Avi(100, 100) + Avi(60, 60, "AVIX"), Container::kAvi));
  CHECK(CutShort(Avi(100, 100) + Avi(90, 60, "AVIX"), Container::kAvi));
  CHECK_FALSE(CutShort(Avi(0, 100), Container::kAvi));  // never filled in
  CHECK_FALSE(CutShort("RIFF" + Bytes({255, 255, 255, 255}) + "AVI LIST", Container::kAvi));
  CHECK_FALSE(CutShort("RIFF", Container::kAvi));
}

TEST_CASE("an MP4 must hold what its boxes say", "[video]") {
  const std::string head = Bytes({0, 0, 0, 16}) + "ftypmp42____";
  const std::string content(24, 'x');
  CHECK_FALSE(CutShort(head + Bytes({0, 0, 0, 32}) + "mdat" + content, Container::kMp4));
  CHECK(CutShort(head + Bytes({0, 0, 0, 33}) + "mdat" + content, Container::kMp4));
  CHECK(CutShort(head + Bytes({255, 255, 255, 255}) + "mdat" + content, Container::kMp4));
  CHECK_FALSE(CutShort(head + Bytes({0, 0, 0, 0}) + "mdat" + content, Container::kMp4));
  const std::string large = head + Bytes({0, 0, 0, 1}) + "mdat" + Bytes({0, 0, 0, 0, 0, 0, 0});
  CHECK_FALSE(CutShort(large + Bytes({40}) + content, Container::kMp4));
  CHECK(CutShort(large + Bytes({41}) + content, Container::kMp4));
  CHECK_FALSE(
      CutShort(head + Bytes({0, 0, 0, 1}) + "mdat" + std::string(32, '\xFF'), Container::kMp4));
  CHECK_FALSE(CutShort(head + Bytes({0, 0, 0, 7}) + "mdat" + content, Container::kMp4));
}

TEST_CASE("a Matroska file must hold what its segment says", "[video]") {
  const std::string ebml = Bytes({0x1A, 0x45, 0xDF, 0xA3, 0x84, 1, 2, 3, 4});
  const std::string segment = Bytes({0x18, 0x53, 0x80, 0x67});
  const std::string content(20, 'x');
  CHECK_FALSE(CutShort(ebml + segment + Bytes({0x80 | 20}) + content, Container::kMatroska));
  CHECK(CutShort(ebml + segment + Bytes({0x80 | 21}) + content, Container::kMatroska));
  const std::string eight = Bytes({1, 0, 0, 0, 0, 0, 0});
  CHECK_FALSE(CutShort(ebml + segment + eight + Bytes({20}) + content, Container::kMatroska));
  CHECK(CutShort(ebml + segment + eight + Bytes({21}) + content, Container::kMatroska));
  // Unknown: all ones.
  CHECK_FALSE(CutShort(ebml + segment + Bytes({0xFF}) + content, Container::kMatroska));
  CHECK_FALSE(CutShort(ebml + std::string(24, '\0'), Container::kMatroska));
}

TEST_CASE("a transport stream must end with a whole packet", "[video]") {
  for (const std::size_t distance : {std::size_t{188}, std::size_t{192}}) {
    for (const std::size_t first : {std::size_t{0}, std::size_t{4}}) {
      std::string packets(first + 10 * distance, 'x');
      for (std::size_t i = first; i < packets.size(); i += distance) packets[i] = 0x47;
      CHECK_FALSE(CutShort(packets, Container::kMpegTs));
      CHECK_FALSE(CutShort(packets.substr(0, first + 9 * distance + 188), Container::kMpegTs));
      CHECK(CutShort(packets.substr(0, first + 9 * distance + 187), Container::kMpegTs));
      CHECK(CutShort(packets.substr(0, first + 9 * distance + 1), Container::kMpegTs));
    }
  }
}

TEST_CASE("twenty thousand tiny boxes are not walked to the end", "[video]") {
  std::string boxes;
  for (int i = 0; i < 20'000; ++i) boxes += Bytes({0, 0, 0, 8}) + "free";
  CHECK_FALSE(CutShort(boxes + Bytes({255, 0, 0, 0}) + "mdat________", Container::kMp4));
}

}  // namespace
}  // namespace sampleproc::video
