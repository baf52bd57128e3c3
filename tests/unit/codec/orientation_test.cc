#include "codec/orientation.h"

#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "codec/jpeg_encoder.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using test::Bytes;
using test::Door;
using test::MakeJpeg;
using test::MakePng;
using test::PixelsOf;

// A TIFF structure of one directory with one entry.
Bytes Tiff(int orientation, bool big_endian = false, int type = 3, int count = 1) {
  Bytes tiff;
  const auto put = [&](int value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      const int shift = 8 * (big_endian ? bytes - 1 - i : i);
      tiff.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  };
  tiff.assign(2, big_endian ? 'M' : 'I');
  put(42, 2);
  put(8, 4);
  put(1, 2);
  put(0x0112, 2);
  put(type, 2);
  put(count, 4);
  put(orientation, 2);
  put(0, 2);
  put(0, 4);
  return tiff;
}

// The JPEG with an Exif segment behind its first marker.
Bytes WithExif(Bytes jpeg, const Bytes& tiff) {
  Bytes segment = {0xff,
                   0xe1,
                   static_cast<std::uint8_t>((tiff.size() + 8) >> 8),
                   static_cast<std::uint8_t>(tiff.size() + 8),
                   'E',
                   'x',
                   'i',
                   'f',
                   0,
                   0};
  segment.insert(segment.end(), tiff.begin(), tiff.end());
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  return jpeg;
}

Bytes WithExifChunk(Bytes png, const Bytes& tiff, bool right_crc = true) {
  Bytes body = {'e', 'X', 'I', 'f'};
  body.insert(body.end(), tiff.begin(), tiff.end());
  Bytes chunk;
  const auto put = [&chunk](std::size_t value) {
    for (const int shift : {24, 16, 8, 0})
      chunk.push_back(static_cast<std::uint8_t>(value >> shift));
  };
  put(tiff.size());
  chunk.insert(chunk.end(), body.begin(), body.end());
  put(crc32(right_crc ? 0 : 1, body.data(), static_cast<uInt>(body.size())));
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());
  return png;
}

// jpegtran's operation that makes, of an upright picture, the stored one of each orientation.
const std::array<std::string, 9> kStoring = {"",
                                             "",
                                             "-flip horizontal",
                                             "-rotate 180",
                                             "-flip vertical",
                                             "-transpose",
                                             "-rotate 270",
                                             "-transverse",
                                             "-rotate 90"};

Bytes Jpegtran(const Bytes& jpeg, const std::string& operation) {
  if (operation.empty()) return jpeg;
  const testing::TempDir dir;
  const std::string in = (dir.path() / "in.jpg").string();
  const std::string out = (dir.path() / "out.jpg").string();
  std::ofstream(in, std::ios::binary) << base::AsText(jpeg);
  INFO("the tests need the package libjpeg-turbo-progs");
  REQUIRE(std::system(("jpegtran -perfect " + operation + " -outfile " + out + " " + in).c_str()) ==
          0);
  return test::ReadFile(out);
}

// Blocks of 8x8 pixels of one shade each, which no turning by jpegtran changes.
Bytes TiledJpeg(int width, int height) {
  Bytes pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      pixels.push_back(static_cast<std::uint8_t>(x / 8 * 20 + y / 8 * 5));
    }
  }
  return EncodeJpeg(
             {pixels.data(), width, height, static_cast<std::size_t>(width), PixelFormat::kGray8},
             90)
      .value();
}

// Sides are multiples of the 16 pixels of a block, so that jpegtran loses nothing.
void CheckAllOrientations(const Bytes& upright, PixelFormat wanted, int tolerance) {
  Door first;
  const Bytes expected = PixelsOf(*first.Decode(upright, wanted));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      CAPTURE(orientation, big_endian);
      const Bytes stored =
          WithExif(Jpegtran(upright, kStoring[static_cast<std::size_t>(orientation)]),
                   Tiff(orientation, big_endian));
      Door door;
      {
        const auto decoded = door.Decode(stored, wanted);
        REQUIRE(decoded);
        CHECK(decoded->orientation == orientation);
        CHECK(decoded->warnings.empty());
        CHECK(decoded->image.width == 96);
        CHECK(decoded->image.height == 48);
        CHECK(decoded->image.data == door.scratch.Pixels());
        const Bytes pixels = PixelsOf(*decoded);
        int largest = 0;
        for (std::size_t i = 0; i < pixels.size(); ++i) {
          largest = std::max(largest, std::abs(pixels[i] - expected[i]));
        }
        CHECK(largest <= tolerance);
      }
      CHECK(door.budget.used() == 0);
    }
  }
}

TEST_CASE("a JPEG stored in any of the eight orientations gives the same oriented pixels") {
  for (const auto wanted : {PixelFormat::kGray8, PixelFormat::kBgr24}) {
    CheckAllOrientations(TiledJpeg(96, 48), wanted, 0);
    // The inverse cosine transform of a turned block may round the other way. The channels are
    // stored unscaled, so that turning and smoothing cannot disagree.
    CheckAllOrientations(MakeJpeg({.width = 96, .height = 48, .rgb = true}), wanted, 1);
  }
}

TEST_CASE("how narrow a picture may be made counts from the right way up") {
  const Bytes stored = WithExif(MakeJpeg({.width = 96, .height = 48}), Tiff(6, false));
  for (const auto& [enough, width] : {std::pair{48, 48}, {25, 48}, {24, 24}, {12, 12}, {6, 6}}) {
    CAPTURE(enough);
    Door door;
    const auto decoded = door.Decode(stored, {PixelFormat::kGray8, enough});
    REQUIRE(decoded);
    CHECK(decoded->image.width == width);
    CHECK(decoded->image.height == 2 * width);
    CHECK(decoded->width == 48);
    CHECK(decoded->height == 96);
  }
}

// What orientation `orientation` of stored pixels means, one pixel after the other.
Bytes Upright(const Bytes& stored, int width, int height, int channels, int orientation) {
  const int out_width = orientation >= 5 ? height : width;
  const int out_height = orientation >= 5 ? width : height;
  Bytes out;
  for (int y = 0; y < out_height; ++y) {
    for (int x = 0; x < out_width; ++x) {
      const int right = width - 1;
      const int bottom = height - 1;
      const std::array<std::pair<int, int>, 9> places = {{{},
                                                          {x, y},
                                                          {right - x, y},
                                                          {right - x, bottom - y},
                                                          {x, bottom - y},
                                                          {y, x},
                                                          {y, bottom - x},
                                                          {right - y, bottom - x},
                                                          {right - y, x}}};
      const auto [column, row] = places[static_cast<std::size_t>(orientation)];
      for (int c = 0; c < channels; ++c) {
        out.push_back(stored[static_cast<std::size_t>((row * width + column) * channels + c)]);
      }
    }
  }
  return out;
}

TEST_CASE("a PNG's eXIf orientation is applied to every pixel, whatever the sides") {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {1, 7}, {7, 1}, {33, 21}, {64, 96}, {100, 31}}) {
    const Bytes png = MakePng({.width = width, .height = height});
    for (const auto wanted : {PixelFormat::kGray8, PixelFormat::kBgr24}) {
      Door first;
      const Bytes stored = PixelsOf(*first.Decode(png, wanted));
      Door door;
      for (int orientation = 1; orientation <= 8; ++orientation) {
        CAPTURE(width, height, orientation);
        const auto decoded = door.Decode(WithExifChunk(png, Tiff(orientation)), wanted);
        REQUIRE(decoded);
        CHECK(decoded->orientation == orientation);
        CHECK(decoded->warnings.empty());
        CHECK(PixelsOf(*decoded) ==
              Upright(stored, width, height, frame::Channels(wanted), orientation));
      }
    }
  }
}

TEST_CASE("the memory for turning comes from the budget, and only where sides are swapped") {
  const Bytes png = MakePng({.width = 640, .height = 480});
  Door door;
  const std::size_t upright = door.Decode(png)->reservation.bytes();
  CHECK(door.Decode(WithExifChunk(png, Tiff(3)))->reservation.bytes() == upright);
  CHECK(door.Decode(WithExifChunk(png, Tiff(6)))->reservation.bytes() == upright + 640 * 480);
  CHECK(door.budget.used() == 0);
}

TEST_CASE("broken EXIF data is a warning and changes nothing") {
  Bytes far_directory = Tiff(6);
  far_directory[4] = 200;
  Bytes early_directory = Tiff(6);
  early_directory[4] = 2;
  Bytes many_entries = Tiff(6);
  many_entries[8] = many_entries[9] = 0xff;
  many_entries[10] = 0;  // another tag, so the walk goes on past the end
  const std::vector<Bytes> broken = {
      Tiff(0),       Tiff(9),      Tiff(6, false, 2), Tiff(6, false, 3, 2),
      far_directory, many_entries, early_directory,   {'X', 'X', 0, 0}};
  const Bytes jpeg = MakeJpeg({});
  Door first;
  const Bytes expected = PixelsOf(*first.Decode(jpeg));
  const auto check = [&](const Bytes& tiff) {
    Door door;
    const auto decoded = door.Decode(WithExif(jpeg, tiff));
    REQUIRE(decoded);
    CHECK(decoded->orientation == 1);
    REQUIRE(decoded->warnings.size() == 1);
    CHECK(decoded->warnings[0].type == "exif_invalid");
    CHECK(PixelsOf(*decoded) == expected);
  };
  for (const Bytes& tiff : broken) check(tiff);
  const Bytes whole = Tiff(6);
  for (std::size_t length = 1; length < 22; ++length) {
    CAPTURE(length);
    check(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
  }
  Door door;
  const auto decoded = door.Decode(WithExifChunk(MakePng({}), whole, false));
  REQUIRE(decoded);
  CHECK(decoded->orientation == 1);
  CHECK(decoded->warnings.at(0).type == "exif_invalid");
}

TEST_CASE("an orientation as LONG and EXIF data behind padding are understood") {
  using namespace std::string_view_literals;
  Bytes long_big_endian = Tiff(6, true, 4);
  std::fill_n(long_big_endian.begin() + 18, 4, std::uint8_t{0});
  long_big_endian[21] = 6;
  std::vector<Bytes> odd = {Tiff(6, false, 4), long_big_endian};
  for (const std::string_view padding : {"Exif\0\0"sv, "\0\0\0\0"sv, "Exif\0\0\0\0"sv}) {
    const base::ByteView before = base::AsBytes(padding);
    Bytes tiff(before.begin(), before.end());
    const Bytes plain = Tiff(6);
    tiff.insert(tiff.end(), plain.begin(), plain.end());
    odd.push_back(tiff);
  }
  for (const Bytes& tiff : odd) {
    Door door;
    const auto jpeg = door.Decode(WithExif(MakeJpeg({}), tiff));
    REQUIRE(jpeg);
    CHECK(jpeg->orientation == 6);
    CHECK(jpeg->warnings.empty());
    const auto png = door.Decode(WithExifChunk(MakePng({}), tiff));
    REQUIRE(png);
    CHECK(png->orientation == 6);
  }
}

TEST_CASE("EXIF data without an orientation is upright and no reason to warn") {
  Bytes other_tag = Tiff(6);
  other_tag[10] = 0x0f;
  Door door;
  const auto decoded = door.Decode(WithExif(MakeJpeg({}), other_tag));
  REQUIRE(decoded);
  CHECK(decoded->orientation == 1);
  CHECK(decoded->warnings.empty());
}

TEST_CASE("turning stops with the allowance") {
  const Bytes png = WithExifChunk(MakePng({.width = 8, .height = 2000}), Tiff(8));
  int stopped = 0;
  for (int calls = 1; calls < 200; ++calls) {
    const test::CountedClock clock(calls);
    Door door;
    door.allowance.deadline = base::Deadline(clock, std::chrono::seconds(1));
    const auto decoded = door.Decode(png);
    if (decoded) break;
    CHECK(decoded.error().code == ErrorCode::kDeadline);
    if (decoded.error().message.find("turning") != std::string::npos) ++stopped;
  }
  CHECK(stopped > 0);
}

}  // namespace
}  // namespace sampleproc::codec
