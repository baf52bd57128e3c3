#include "video/container.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/samples.h"

namespace sampleproc::video {
namespace {

Container SniffText(std::string_view text) { return Sniff(base::AsBytes(text)); }

TEST_CASE("a video is known by its name's ending in either case", "[video]") {
  for (const char* name : {"a.avi", "dir.x/B.MP4", "c.m4v", "d.MOV", "e.mkv", "f.webm", "g.ts",
                           "h.mpg", "i.mpeg", "j.mjpeg", "k.mjpg", "l.m2ts", "m.tar.avi"}) {
    INFO(name);
    CHECK(IsVideoName(name));
  }
  for (const char* name : {"", "avi", ".avi", "a.jpg", "a.avix", "a.av", "a.avi.png", "x.avi/file",
                           "a.", "a.avi m2ts"}) {
    INFO(name);
    CHECK_FALSE(IsVideoName(name));
  }
}

TEST_CASE("a container is known by its first bytes", "[video]") {
  CHECK(SniffText(std::string_view("RIFF\0\0\0\0AVI LIST", 16)) == Container::kAvi);
  CHECK(SniffText(std::string_view("RIFF\0\0\0\0WEBPVP8 ", 16)) == Container::kUnknown);
  CHECK(SniffText(std::string_view("\0\0\0\x18"
                                   "ftypmp42",
                                   12)) == Container::kMp4);
  CHECK(SniffText(std::string_view("\0\0\0\x08"
                                   "wide\0\0\0\0mdat",
                                   16)) == Container::kMp4);
  CHECK(SniffText("\x1A\x45\xDF\xA3 matroska") == Container::kMatroska);
  CHECK(SniffText(std::string_view("\0\0\1\xBA"
                                   "0000",
                                   8)) == Container::kMpegPs);
  CHECK(SniffText(std::string_view("\0\0\1\xB3"
                                   "0000",
                                   8)) == Container::kMpegVideo);
  CHECK(SniffText("\xFF\xD8\xFF\xE0") == Container::kJpegFrames);
  CHECK(SniffText("#EXTM3U\nhttp://example.org/a.ts\n") == Container::kUnknown);
  CHECK(SniffText("ffconcat version 1.0\nfile /etc/passwd\n") == Container::kUnknown);
  CHECK(SniffText("") == Container::kUnknown);
}

TEST_CASE("a transport stream may begin inside a packet and carry time stamps", "[video]") {
  for (const std::size_t packet : {std::size_t{188}, std::size_t{192}}) {
    for (const std::size_t first : {std::size_t{0}, std::size_t{4}, packet - 1}) {
      std::string bytes(kSniffBytes, '\0');
      for (std::size_t i = first; i < bytes.size(); i += packet) bytes[i] = 0x47;
      CHECK(SniffText(bytes) == Container::kMpegTs);
      CHECK(SniffText(bytes.substr(0, 3 * packet)) == Container::kUnknown);
    }
  }
}

TEST_CASE("the sample videos are AVI", "[video]") {
  for (const char* name : {"vtest.avi", "Megamind.avi", "Megamind_bugy.avi", "tree.avi"}) {
    CHECK(Sniff(base::ByteView(test::Sample(name)).first(kSniffBytes)) == Container::kAvi);
  }
}

}  // namespace
}  // namespace sampleproc::video
