// JPEGs of which a part was never written: zeros decode as pictures, and are none.
#include <algorithm>

#include "codec/jpeg_damage.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using test::Bytes;
using test::Door;
using test::JpegSpec;
using test::MakeJpeg;
using test::PixelsOf;

const std::vector<JpegSpec>& Pictures() {
  static const std::vector<JpegSpec> specs = [] {
    std::vector<JpegSpec> made;
    for (const bool own_tables : {false, true}) {
      for (JpegSpec spec : {JpegSpec{}, JpegSpec{.channels = 1}, JpegSpec{.progressive = true},
                            JpegSpec{.separate_scans = true}, JpegSpec{.restart_interval = 20}}) {
        spec.width = 320;
        spec.height = 240;
        spec.own_tables = own_tables;
        made.push_back(spec);
      }
    }
    return made;
  }();
  return specs;
}

void CheckRefused(const Bytes& jpeg) {
  Door door;
  const auto decoded = door.Decode(jpeg);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
  CHECK(door.budget.used() == 0);
}

TEST_CASE("a JPEG whose tail was never written is an error") {
  for (const JpegSpec& spec : Pictures()) {
    const Bytes whole = MakeJpeg(spec);
    for (const std::size_t percent : {30u, 50u, 70u, 90u, 97u}) {
      CAPTURE(spec.channels, spec.progressive, spec.separate_scans, spec.restart_interval,
              spec.own_tables, percent);
      Bytes torn = whole;
      std::fill(torn.begin() + static_cast<std::ptrdiff_t>(whole.size() * percent / 100),
                torn.end(), std::uint8_t{0});
      CheckRefused(torn);
      std::copy(whole.end() - 2, whole.end(), torn.end() - 2);
      CheckRefused(torn);
    }
  }
}

TEST_CASE("zeros behind a whole picture are padding, however many") {
  for (const JpegSpec& spec : Pictures()) {
    const Bytes whole = MakeJpeg(spec);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    for (const std::size_t zeros : {1u, 3u, 64u, 511u, 4096u, 100'000u}) {
      CAPTURE(spec.channels, spec.progressive, spec.separate_scans, spec.own_tables, zeros);
      Bytes padded(whole.begin(), whole.end() - 2);
      padded.resize(padded.size() + zeros, 0);
      const auto decoded = door.Decode(padded);
      REQUIRE(decoded);
      CHECK(PixelsOf(*decoded) == expected);
      REQUIRE(decoded->warnings.size() == 1);
      CHECK(decoded->warnings[0].type == "jpeg_missing_eoi");
    }
  }
}

TEST_CASE("the zeros of a flat picture are its own") {
  int with_zeros = 0;
  for (const int channels : {1, 3}) {
    const Bytes flat = MakeJpeg({.width = 1600,
                                 .height = 1200,
                                 .channels = channels,
                                 .flat = std::vector<int>(static_cast<std::size_t>(channels), 90),
                                 .own_tables = true});
    const Bytes run(500, 0);
    if (!std::ranges::search(flat, run).empty()) ++with_zeros;
    Door door;
    const auto decoded = door.Decode(flat);
    REQUIRE(decoded);
    CHECK(decoded->warnings.empty());
  }
  CHECK(with_zeros > 0);
}

TEST_CASE("much that is left over before the end marker belonged to the rows") {
  const Bytes whole = MakeJpeg({.width = 320, .height = 240});
  for (const auto& [bytes, is_whole] : {std::pair{12, true}, {60, true}, {2500, false}}) {
    CAPTURE(bytes);
    Bytes more(whole.begin(), whole.end() - 2);
    more.resize(more.size() + static_cast<std::size_t>(bytes), 0x55);
    more.insert(more.end(), {0xff, 0xd9});
    Door door;
    const auto decoded = door.Decode(more);
    REQUIRE(decoded.has_value() == is_whole);
    if (is_whole) CHECK(decoded->warnings[0].type == "jpeg_extraneous_bytes");
  }
}

TEST_CASE("how many zeros a picture can have follows from its tables") {
  // Gray of the standard's tables: 2 bits for no difference, 3 for each of 63 coefficients of -1.
  CHECK(LongestZeroRun(std::vector<ZeroCode>{{1, 2, 0, 2, 0x01}}) == 2 * 191 / 8 + 16);
  // Blocks like the one before.
  CHECK(LongestZeroRun(std::vector<ZeroCode>{{4, 1, 0, 2, 0x00}, {1, 2, 0, 2, 0x00}}) == kAnyRun);
  // Each block one darker: 2048 of 4 bits.
  CHECK(LongestZeroRun(std::vector<ZeroCode>{{1, 2, 1, 1, 0x00}}) == 2049 * 4 / 8 + 16);
}

TEST_CASE("a run of zeros is found anywhere, and none before a restart marker") {
  for (std::size_t at = 0; at < 60; ++at) {
    Bytes data(200, 0x11);
    std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(at), 40, std::uint8_t{0});
    CHECK(CheckZeroRuns(data, 40));
    CHECK(CheckZeroRuns(data, kAnyRun));
    CHECK_FALSE(CheckZeroRuns(data, 39));
    data[at + 40] = 0xff;
    data[at + 41] = 0xd3;
    CHECK(CheckZeroRuns(data, 39));
    std::fill_n(data.begin() + 150, 40, std::uint8_t{0});
    CHECK_FALSE(CheckZeroRuns(data, 39));
  }
}

}  // namespace
}  // namespace sampleproc::codec
