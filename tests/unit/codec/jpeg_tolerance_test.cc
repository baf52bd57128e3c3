// JPEGs that break a rule and lose nothing by it: every viewer shows them, and so do we.
#include <cstdlib>

#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using test::Bytes;
using test::Door;
using test::FindMarker;
using test::JpegSpec;
using test::MakeJpeg;
using test::PixelsOf;

Bytes WithoutEnd(const Bytes& jpeg, std::string_view trailer) {
  Bytes cut(jpeg.begin(), jpeg.end() - 2);
  const base::ByteView bytes = base::AsBytes(trailer);
  cut.insert(cut.end(), bytes.begin(), bytes.end());
  return cut;
}

void CheckSame(const Bytes& odd, const Bytes& whole, const std::string& warning) {
  Door door;
  const Bytes expected = PixelsOf(*door.Decode(whole));
  const auto decoded = door.Decode(odd);
  REQUIRE(decoded);
  CHECK(PixelsOf(*decoded) == expected);
  REQUIRE(decoded->warnings.size() == 1);
  CHECK(decoded->warnings[0].type == warning);
}

TEST_CASE("the scan parameters of a sequential JPEG carry nothing") {
  const Bytes whole = MakeJpeg({});
  const std::size_t parameters = FindMarker(whole, 0xda) + 2 + 2 + 1 + 6;
  for (const auto& [place, value] : {std::pair{0, 1}, {1, 0}, {2, 1}, {2, 0x10}}) {
    CAPTURE(place, value);
    Bytes odd = whole;
    odd[parameters + static_cast<std::size_t>(place)] = static_cast<std::uint8_t>(value);
    CheckSame(odd, whole, "jpeg_scan_parameters");
  }
}

TEST_CASE("bytes between the last block and a restart marker are padding") {
  const Bytes whole = MakeJpeg({.restart_interval = 1});
  Bytes padded;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i + 1 < whole.size() && whole[i] == 0xff && whole[i + 1] == 0xd0) {
      padded.resize(padded.size() + 12, 0x12);
    }
    padded.push_back(whole[i]);
  }
  CheckSame(padded, whole, "jpeg_extraneous_bytes");
}

TEST_CASE("a missing end marker is a warning when the last row is there, whatever follows") {
  using namespace std::string_view_literals;
  for (const JpegSpec& spec : {JpegSpec{}, JpegSpec{.progressive = true},
                               JpegSpec{.separate_scans = true}, JpegSpec{.restart_interval = 1}}) {
    const Bytes whole = MakeJpeg(spec);
    for (const std::string_view trailer :
         {""sv, "Image_UTC_Data\xff\x41\x7f\x7fSEFT"sv, "\0\0\0\0\0\0\0\0\0\0\0\0"sv,
          "\xff\xd8\xff\xe0\0\x02\xff\xc0\0\x08"sv, "\xff\xe1\xff\xffno segment"sv}) {
      CAPTURE(spec.progressive, spec.separate_scans, trailer);
      CheckSame(WithoutEnd(whole, trailer), whole, "jpeg_missing_eoi");
    }
  }
}

TEST_CASE("a progressive JPEG without its last scan and end marker is an error") {
  const Bytes whole = MakeJpeg({.progressive = true});
  std::size_t last = 0;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    if (whole[i] == 0xff && whole[i + 1] == 0xda) last = i;
  }
  Door door;
  const auto decoded =
      door.Decode(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(last)));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
}

// Red, green and blue of a picture of one colour.
std::array<int, 3> ColourOf(const JpegSpec& spec) {
  Door door;
  const auto decoded = door.Decode(MakeJpeg(spec), PixelFormat::kBgr24);
  REQUIRE(decoded);
  CHECK(decoded->warnings.empty());
  const Bytes pixels = PixelsOf(*decoded);
  return {pixels[2], pixels[1], pixels[0]};
}

bool AreNear(const std::array<int, 3>& a, const std::array<int, 3>& b) {
  return std::abs(a[0] - b[0]) <= 3 && std::abs(a[1] - b[1]) <= 3 && std::abs(a[2] - b[2]) <= 3;
}

TEST_CASE("four inks become colours; Adobe's files hold what is left of each") {
  for (const bool ycck : {false, true}) {
    CAPTURE(ycck);
    const std::array<int, 3> light = {200, 100, 50};
    CHECK(AreNear(ColourOf({.channels = 4, .ycck = ycck, .flat = {200, 100, 50, 255}}), light));
    const std::array<int, 3> dark = {100, 50, 25};
    CHECK(AreNear(ColourOf({.channels = 4, .ycck = ycck, .flat = {200, 100, 50, 128}}), dark));
  }
  const std::array<int, 3> plain = {55, 155, 205};
  CHECK(AreNear(ColourOf({.channels = 4, .adobe = false, .flat = {200, 100, 50, 0}}), plain));
}

TEST_CASE("the gray of four inks is the luma of their colours, also at a half") {
  const Bytes encoded = MakeJpeg({.width = 96, .height = 48, .channels = 4});
  for (const int enough : {96, 48}) {
    Door gray_door;
    Door colour_door;
    const auto gray = gray_door.Decode(encoded, {PixelFormat::kGray8, enough});
    const auto colour = colour_door.Decode(encoded, {PixelFormat::kBgr24, enough});
    REQUIRE(gray);
    REQUIRE(colour);
    REQUIRE(gray->image.width == enough);
    const Bytes bgr = PixelsOf(*colour);
    const Bytes luma = PixelsOf(*gray);
    for (std::size_t i = 0; i < luma.size(); ++i) {
      REQUIRE(luma[i] ==
              (19595 * bgr[3 * i + 2] + 38470 * bgr[3 * i + 1] + 7471 * bgr[3 * i] + 32768) >> 16);
    }
  }
}

TEST_CASE("arithmetic coding gives the pixels of Huffman coding, and needs its end marker") {
  for (const bool progressive : {false, true}) {
    CAPTURE(progressive);
    const Bytes coded = MakeJpeg({.progressive = progressive, .arithmetic = true});
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(MakeJpeg({.progressive = progressive})));
    const auto decoded = door.Decode(coded);
    REQUIRE(decoded);
    CHECK(PixelsOf(*decoded) == expected);
    for (std::size_t length = 3; length < coded.size(); ++length) {
      const Bytes cut(coded.begin(), coded.begin() + static_cast<std::ptrdiff_t>(length));
      REQUIRE_FALSE(door.Decode(cut));
    }
  }
}

}  // namespace
}  // namespace sampleproc::codec
