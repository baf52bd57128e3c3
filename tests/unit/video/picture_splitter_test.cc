#include "video/picture_splitter.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace sampleproc::video {
namespace {

using Part = PictureSplitter::Part;
using namespace std::string_literals;

// "." for a picture that has no head, "L" for one that is too long.
std::vector<std::string> Split(const std::string& stream, std::size_t block,
                               std::size_t longest = 1 << 20,
                               PictureSplitter::Kinds kinds = PictureSplitter::Kinds::kJpeg) {
  PictureSplitter splitter(longest, kinds);
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (;;) {
    switch (splitter.Next()) {
      case Part::kEnd:
        return parts;
      case Part::kMore: {
        const std::size_t size = std::min(block, stream.size() - at);
        std::copy_n(stream.data() + at, size, splitter.Room().begin());
        at += size;
        splitter.Fill(size, at == stream.size());
        break;
      }
      case Part::kPicture:
        parts.emplace_back(base::AsText(splitter.picture()));
        break;
      case Part::kHeadless:
        parts.emplace_back(".");
        break;
      case Part::kTooLong:
        parts.emplace_back("L");
        break;
    }
  }
}

std::string Segment(char code, const std::string& payload) {
  const std::size_t length = payload.size() + 2;
  return "\xff"s + code + static_cast<char>(length >> 8) + static_cast<char>(length & 0xff) +
         payload;
}

const std::string kSoi = "\xff\xd8";
const std::string kEoi = "\xff\xd9";

std::string Data(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string data;
  while (data.size() < size) {
    data += static_cast<char>(random() % 256);
    if (data.back() == '\xff') data += '\0';
  }
  return data;
}

std::string Picture(unsigned seed, std::size_t size = 500, const std::string& more = "") {
  return kSoi + Segment('\xe0', "JFIF\0\1"s) + more + Segment('\xdb', std::string(65, '\1')) +
         Segment('\xc0', std::string(15, '\1')) + Segment('\xda', "\3\1\0\2\0\3\0\0\x3f\0"s) +
         Data(size, seed) + "\xff\xd0" + Data(size, seed + 1) + kEoi;
}

void CheckSplit(const std::string& stream, const std::vector<std::string>& parts) {
  for (const std::size_t block : {1u, 7u, 1000u, 65536u}) {
    CAPTURE(block);
    CHECK((Split(stream, block) == parts));
  }
}

TEST_CASE("pictures in a row are split, with anything between them", "[video]") {
  const std::string a = Picture(1);
  const std::string b = Picture(2, 70'000);
  CheckSplit("", {});
  CheckSplit(a, {a});
  CheckSplit(a + b + a, {a, b, a});
  const std::string head = "--b\r\nContent-Type: image/jpeg\r\n\r\n";
  CheckSplit(head + a + "\r\n" + head + b + "\r\n" + std::string(5000, '\0') + a + kEoi + "\r\n--",
             {a, b, a});
}

TEST_CASE("thumbnails in segments begin no picture", "[video]") {
  const std::string thumbnail = Picture(3, 300);
  const std::string a = Picture(1, 500, Segment('\xe1', "Exif\0\0"s + thumbnail));
  const std::string b =
      Picture(2, 500, Segment('\xe2', thumbnail) + Segment('\xfe', "a comment \xff\xd9 \xff\xd8"));
  CheckSplit(a + b + a, {a, b, a});
}

TEST_CASE("a length that leads nowhere swallows no picture", "[video]") {
  const std::string a = Picture(1);
  const std::string b = Picture(2);
  CheckSplit("\xff\xe1\xff\xff" + a + b, {a, b});
  CheckSplit(a + "\xff\xe1\xff\xff" + b + b, {a, b, b});
  for (const std::size_t at : {2u, 30u, 100u, 300u, 700u}) {
    CAPTURE(at);
    std::string damaged = a;
    damaged.replace(at, 4, "\xff\xe1\xff\xff");
    CheckSplit(b + damaged + b + b, {b, damaged, b, b});
    damaged.replace(at, 4, "\xff\xda\x08\x00"s);
    CheckSplit(b + damaged + b + b, {b, damaged, b, b});
  }
  const std::string far = Picture(3, 90'000);
  CheckSplit("\xff\xe1\xff\xff" + far + far, {far, far});
}

TEST_CASE("the next picture begins where the one before broke off", "[video]") {
  const std::string a = Picture(1);
  const std::string b = Picture(2);
  for (const std::size_t length : {4u, 20u, 60u, 110u, 130u, 400u, 1000u}) {
    CAPTURE(length);
    CheckSplit(a.substr(0, length) + b + a, {a.substr(0, length), b, a});
    CheckSplit(b + a.substr(0, length), {b, a.substr(0, length)});
  }
}

TEST_CASE("a picture without its head is told once", "[video]") {
  const std::string a = Picture(1);
  const std::string b = Picture(2);
  CheckSplit(a.substr(300) + b, {".", b});
  CheckSplit(b + a.substr(1) + b, {b, ".", b});
  CheckSplit(a.substr(300), {"."});
}

std::string Chunk(const std::string& type, const std::string& payload) {
  const std::size_t size = payload.size();
  std::string length;
  for (const unsigned shift : {24u, 16u, 8u, 0u}) length += static_cast<char>(size >> shift & 0xff);
  return length + type + payload + (type == "IEND" ? "\xae\x42\x60\x82"s : "CRC!"s);
}

std::string Png(unsigned seed, const std::string& more = "") {
  return "\x89PNG\r\n\x1a\n"s + Chunk("IHDR", std::string(13, '\1')) + more +
         Chunk("IDAT", Data(900, seed)) + Chunk("IDAT", Data(70'000, seed)) + Chunk("IEND", "");
}

void CheckSplitBoth(const std::string& stream, const std::vector<std::string>& parts) {
  for (const std::size_t block : {1u, 7u, 1000u, 65536u}) {
    CAPTURE(block);
    CHECK((Split(stream, block, 1 << 20, PictureSplitter::Kinds::kJpegAndPng) == parts));
  }
}

TEST_CASE("PNGs are split as well, also among JPEGs", "[video]") {
  const std::string a = Png(1, Chunk("caBX", Picture(5) + Png(6)));
  const std::string b = Png(2);
  const std::string jpeg = Picture(3);
  CheckSplitBoth(a + b, {a, b});
  CheckSplitBoth(a + jpeg + b + std::string(100, '\0') + jpeg, {a, jpeg, b, jpeg});
}

TEST_CASE("a damaged PNG swallows none behind it", "[video]") {
  const std::string a = Png(1);
  const std::string b = Png(2);
  for (const std::size_t length : {8u, 20u, 33u, 40u, 500u, 60'000u}) {
    CAPTURE(length);
    CheckSplitBoth(b + a.substr(0, length) + b + b, {b, a.substr(0, length), b, b});
    CheckSplitBoth(b + a.substr(0, length), {b, a.substr(0, length)});
  }
  for (const std::size_t at : {8u, 12u, 33u, 37u, 945u}) {
    CAPTURE(at);
    for (const char* const bytes : {"\x7f\x7f\x7f\x7f", "\1\1\1\1"}) {
      std::string damaged = a;
      damaged.replace(at, 4, bytes);
      CheckSplitBoth(b + damaged + b, {b, damaged, b});
    }
  }
  std::string damaged = a;
  damaged.replace(33, 4, "\0\5\0\0"s);  // a length that ends within the limit, among what follows
  CheckSplitBoth(b + damaged + b + b + b + b + b, {b, damaged, b, b, b, b, b});
}

TEST_CASE("what has no end is not kept", "[video]") {
  const std::string a = Picture(1);
  const std::string endless = a.substr(0, 200) + std::string(100'000, '\x55');
  CHECK((Split(endless + a, 1000, 10'000) == std::vector<std::string>{"L", a}));
  PictureSplitter splitter(1000);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(splitter.Next() == Part::kMore);
    const auto room = splitter.Room();
    std::ranges::fill(room, std::uint8_t{0x55});
    splitter.Fill(room.size(), false);
  }
  CHECK(splitter.held() <= 256 * 1024);
}

}  // namespace
}  // namespace sampleproc::video
