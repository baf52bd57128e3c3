// JPEGs of which bits were changed, lost or added in the middle: most decode to the last row.
#include <algorithm>
#include <random>

#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using test::Bytes;
using test::Door;
using test::FindMarker;
using test::JpegSpec;
using test::MakeJpeg;
using test::PixelsOf;

std::vector<JpegSpec> Pictures() {
  std::vector<JpegSpec> specs;
  for (const int channels : {1, 3}) {
    for (const bool own_tables : {false, true}) {
      for (const unsigned interval : {0u, 40u}) {
        specs.push_back({.width = 320,
                         .height = 240,
                         .channels = channels,
                         .restart_interval = interval,
                         .own_tables = own_tables});
      }
    }
  }
  return specs;
}

// What happens to files, each at a place of its own.
std::vector<Bytes> Damaged(const Bytes& whole, std::mt19937& random) {
  const std::size_t data = FindMarker(whole, 0xda) + 14;
  const auto place = [&](std::size_t room) {
    return static_cast<std::ptrdiff_t>(data + random() % (whole.size() - data - room - 800));
  };
  std::vector<Bytes> made;
  for (const std::size_t zeros : {64u, 200u}) {
    made.push_back(whole);
    std::fill_n(made.back().begin() + place(zeros), zeros, std::uint8_t{0});
  }
  made.push_back(whole);
  const auto gap = made.back().begin() + place(100);
  made.back().erase(gap, gap + 100);
  made.push_back(whole);
  made.back().insert(made.back().begin() + place(0), 7, std::uint8_t{0x5a});
  made.push_back(whole);
  std::erase(made.back(), std::uint8_t{'\r'});
  return made;
}

TEST_CASE("a JPEG that was damaged in its middle is an error") {
  std::mt19937 random(11);
  int passed = 0;
  int cases = 0;
  for (const JpegSpec& spec : Pictures()) {
    const Bytes whole = MakeJpeg(spec);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    for (int i = 0; i < 10; ++i) {
      for (const Bytes& damaged : Damaged(whole, random)) {
        const auto decoded = door.Decode(damaged);
        ++cases;
        if (!decoded) {
          CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
        } else if (PixelsOf(*decoded) != expected) {
          ++passed;
        }
      }
    }
  }
  // Bits that are changed to others of the same number and kind are a picture, and what ends where
  // it should is not looked at again.
  CAPTURE(passed, cases);
  CHECK(passed * 4 < cases);
}

TEST_CASE("rows of blocks behind those that the header says are no damage; others are") {
  for (JpegSpec spec : Pictures()) {
    if (spec.restart_interval != 0) continue;
    spec.height = 480;
    const Bytes whole = MakeJpeg(spec);
    CAPTURE(spec.channels, spec.own_tables);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    const std::size_t height = FindMarker(whole, 0xc0) + 5;
    Bytes lower = whole;
    lower[height + 1] = (480 - 16) & 0xff;
    const auto decoded = door.Decode(lower);
    REQUIRE(decoded);
    REQUIRE(decoded->warnings.size() == 1);
    CHECK(decoded->warnings[0].type == "jpeg_extraneous_bytes");
    CHECK(decoded->warnings[0].msg.find("may be wrong") != std::string::npos);
    const Bytes pixels = PixelsOf(*decoded);
    CHECK(std::equal(pixels.begin(), pixels.end(), expected.begin()));

    Bytes narrower = whole;
    narrower[height + 3] = (320 - 16) & 0xff;
    const auto shifted = door.Decode(narrower);
    REQUIRE_FALSE(shifted);
    CHECK(shifted.error().code == ErrorCode::kInvalidFrame);
  }
}

}  // namespace
}  // namespace sampleproc::codec
