// JPEGs that are cut, flipped, or made to cost.
#include "codec/jpeg_markers.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using test::Bytes;
using test::Door;
using test::JpegSpec;
using test::MakeJpeg;
using test::PixelsOf;

const std::vector<JpegSpec>& SmallPictures() {
  static const std::vector<JpegSpec> specs = {{},
                                              {.progressive = true},
                                              {.channels = 1},
                                              {.channels = 1, .progressive = true},
                                              {.separate_scans = true},
                                              {.restart_interval = 1}};
  return specs;
}

TEST_CASE("a JPEG cut at any byte is an error, or shows every pixel with a warning") {
  for (const JpegSpec& spec : SmallPictures()) {
    const Bytes whole = MakeJpeg(spec);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    for (std::size_t length = 1; length < whole.size(); ++length) {
      // A copy of exactly this length, so that a sanitizer sees a read behind it.
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      const auto decoded = door.Decode(cut);
      CAPTURE(spec.progressive, spec.channels, length, whole.size());
      if (!decoded) {
        const ErrorCode allowed =
            length < 3 ? ErrorCode::kUnsupportedFormat : ErrorCode::kInvalidFrame;
        REQUIRE(decoded.error().code == allowed);
        continue;
      }
      REQUIRE(length + 2 >= whole.size());
      REQUIRE(PixelsOf(*decoded) == expected);
      REQUIRE(decoded->warnings.size() == 1);
      REQUIRE(decoded->warnings[0].type == "jpeg_missing_eoi");
    }
    CHECK(door.budget.used() == 0);
  }
}

TEST_CASE("a JPEG cut at any byte and closed with an end marker never shows other pixels") {
  for (const JpegSpec& spec : SmallPictures()) {
    const Bytes whole = MakeJpeg(spec);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    for (std::size_t length = 3; length + 2 < whole.size(); ++length) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      cut.insert(cut.end(), {0xff, 0xd9});
      const auto decoded = door.Decode(cut);
      CAPTURE(spec.progressive, spec.channels, length, whole.size());
      REQUIRE((!decoded || PixelsOf(*decoded) == expected));
    }
  }
}

TEST_CASE("a JPEG with any one byte changed is decoded or refused, and leaves the budget empty") {
  for (const JpegSpec& spec : SmallPictures()) {
    const Bytes whole = MakeJpeg(spec);
    Door door;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const unsigned change : {0x01u, 0x80u, 0xffu}) {
        Bytes corrupt = whole;
        corrupt[at] = static_cast<std::uint8_t>(corrupt[at] ^ change);
        const auto decoded = door.Decode(
            corrupt, at % 2 == 0 ? frame::PixelFormat::kGray8 : frame::PixelFormat::kBgr24);
        if (!decoded) {
          const ErrorCode code = decoded.error().code;
          CAPTURE(at, change, decoded.error().message);
          REQUIRE((code == ErrorCode::kInvalidFrame || code == ErrorCode::kUnsupportedFormat));
        }
      }
    }
    CHECK(door.budget.used() == 0);
  }
}

Bytes WithSize(Bytes jpeg, std::uint16_t width, std::uint16_t height) {
  for (std::size_t i = 0; i + 10 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xff && (jpeg[i + 1] == 0xc0 || jpeg[i + 1] == 0xc2)) {
      jpeg[i + 5] = static_cast<std::uint8_t>(height >> 8);
      jpeg[i + 6] = static_cast<std::uint8_t>(height);
      jpeg[i + 7] = static_cast<std::uint8_t>(width >> 8);
      jpeg[i + 8] = static_cast<std::uint8_t>(width);
      return jpeg;
    }
  }
  FAIL("no frame header");
  return jpeg;
}

TEST_CASE("a header of 65500x65500 is refused with its numbers before any memory is taken") {
  for (const bool progressive : {false, true}) {
    Door door;
    const auto decoded = door.Decode(WithSize(MakeJpeg({.progressive = progressive}), 65500, 65500),
                                     frame::PixelFormat::kBgr24);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
    CHECK(decoded.error().message ==
          "the JPEG header says 65500x65500 pixels in 3 channels, 12870750000 bytes; the limit is "
          "104857600 (codec.max_frame_bytes)");
    CHECK(door.scratch.Pixels() == nullptr);
  }
}

TEST_CASE("a picture that announces more rows than it has is truncated, not padded with grey") {
  for (const JpegSpec& spec : SmallPictures()) {
    Door door;
    const auto decoded = door.Decode(WithSize(MakeJpeg(spec), 33, 200));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
  }
}

TEST_CASE("the coefficients of a progressive picture come from the budget") {
  const Bytes encoded = MakeJpeg({.width = 640, .height = 480, .progressive = true});
  Door door;
  const auto decoded = door.Decode(encoded);
  REQUIRE(decoded);
  CHECK(decoded->reservation.bytes() >= 640 * 480 + 640 * 480 * 2 * 3 / 2);
  resources::MemoryBudget small(640 * 480 * 2);
  codec::Scratch scratch;
  const auto refused =
      Decode({encoded}, frame::PixelFormat::kGray8, door.options, door.allowance, small, scratch);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kInvalidFrame);
}

// Copies of the last scan put before the end marker: each costs a pass over the picture.
Bytes WithScans(const Bytes& progressive, int scans) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i + 1 < progressive.size(); ++i) {
    if (progressive[i] == 0xff && progressive[i + 1] == 0xda) starts.push_back(i);
  }
  Bytes bytes(progressive.begin(), progressive.end() - 2);
  for (int i = static_cast<int>(starts.size()); i < scans; ++i) {
    bytes.insert(bytes.end(), progressive.begin() + static_cast<std::ptrdiff_t>(starts.back()),
                 progressive.end() - 2);
  }
  bytes.insert(bytes.end(), {0xff, 0xd9});
  return bytes;
}

TEST_CASE("scans are counted before decoding: at the limit is not over it") {
  const Bytes progressive = MakeJpeg({.channels = 1, .progressive = true});
  CHECK(WalkJpegMarkers(WithScans(progressive, 99), 100));
  CHECK(WalkJpegMarkers(WithScans(progressive, 100), 100)->scans == 100);
  for (const int scans : {101, 500}) {
    Door door;
    const auto decoded = door.Decode(WithScans(progressive, scans));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
    CHECK(decoded.error().message == "the JPEG has more than 100 scans (codec.max_jpeg_scans)");
  }
}

TEST_CASE("a component without a scan is an error") {
  const Bytes whole = MakeJpeg({.separate_scans = true});
  std::vector<std::size_t> scans;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    if (whole[i] == 0xff && whole[i + 1] == 0xda) scans.push_back(i);
  }
  REQUIRE(scans.size() == 3);
  Bytes two(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(scans[2]));
  two.insert(two.end(), {0xff, 0xd9});
  Door door;
  const auto decoded = door.Decode(two);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().message == "the JPEG has no scan for component 3 of 3");
}

}  // namespace
}  // namespace sampleproc::codec
