#include "codec/png_decoder.h"

#include <zlib.h>

#include <algorithm>

#include "codec/luma.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using test::Bytes;
using test::Door;
using test::MakePng;
using test::PixelsOf;
using test::PlainPngRgb;
using test::PngSpec;

void CheckEqualsPlainRead(const Bytes& encoded) {
  const Bytes rgb = PlainPngRgb(encoded);
  Door door;
  const auto colour = door.Decode(encoded, PixelFormat::kBgr24);
  REQUIRE(colour);
  CHECK(colour->format == Format::kPng);
  Bytes swapped = PixelsOf(*colour);
  for (std::size_t i = 0; i + 2 < swapped.size(); i += 3) std::swap(swapped[i], swapped[i + 2]);
  CHECK(swapped == rgb);
  const auto gray = door.Decode(encoded);
  REQUIRE(gray);
  const Bytes luma = PixelsOf(*gray);
  REQUIRE(luma.size() * 3 == rgb.size());
  Bytes expected(luma.size(), 0);
  for (std::size_t i = 0; i < luma.size(); ++i) {
    expected[i] = Luma(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
  }
  CHECK(luma == expected);
}

TEST_CASE("pixels of every kind of PNG equal a plain read by libpng") {
  struct Kind {
    int colour;
    std::vector<int> depths;
  };
  const std::vector<Kind> kinds = {{PNG_COLOR_TYPE_GRAY, {1, 2, 4, 8, 16}},
                                   {PNG_COLOR_TYPE_PALETTE, {1, 2, 4, 8}},
                                   {PNG_COLOR_TYPE_RGB, {8, 16}},
                                   {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16}},
                                   {PNG_COLOR_TYPE_RGB_ALPHA, {8, 16}}};
  for (const Kind& kind : kinds) {
    for (const int depth : kind.depths) {
      for (const bool interlaced : {false, true}) {
        for (const bool transparency : {false, true}) {
          if (transparency && (kind.colour & PNG_COLOR_MASK_ALPHA) != 0) continue;
          for (const auto& [width, height] : {std::pair{33, 21}, {1, 1}, {1, 9}, {9, 1}, {3, 5}}) {
            CAPTURE(kind.colour, depth, interlaced, transparency, width, height);
            CheckEqualsPlainRead(MakePng({.width = width,
                                          .height = height,
                                          .colour = kind.colour,
                                          .depth = depth,
                                          .interlaced = interlaced,
                                          .transparency = transparency}));
          }
        }
      }
    }
  }
}

TEST_CASE("pixels of real PNGs equal a plain read by libpng") {
  for (const char* name : {"basketball1.png", "opencv-logo.png", "chessboard.png", "graf1.png",
                           "pic1.png", "mask.png"}) {
    CAPTURE(name);
    CheckEqualsPlainRead(test::Sample(name));
  }
}

TEST_CASE("dropped transparency is warned of, its absence is not") {
  const auto warning = [](const PngSpec& spec) {
    Door door;
    const auto decoded = door.Decode(MakePng(spec));
    REQUIRE(decoded);
    return decoded->warnings.empty() ? std::string() : decoded->warnings[0].type;
  };
  CHECK(warning({.colour = PNG_COLOR_TYPE_RGB_ALPHA}) == "alpha_ignored");
  CHECK(warning({.colour = PNG_COLOR_TYPE_GRAY_ALPHA}) == "alpha_ignored");
  CHECK(warning({.colour = PNG_COLOR_TYPE_PALETTE, .transparency = true}) == "alpha_ignored");
  CHECK(warning({.colour = PNG_COLOR_TYPE_GRAY, .transparency = true}) == "alpha_ignored");
  CHECK(warning({}) == "");
  CHECK(warning({.colour = PNG_COLOR_TYPE_PALETTE}) == "");
}

TEST_CASE("text and gamma change nothing") {
  Door a;
  Door b;
  const auto plain = a.Decode(MakePng({}));
  const auto dressed = b.Decode(MakePng({.text = true}));
  REQUIRE(plain);
  REQUIRE(dressed);
  CHECK(PixelsOf(*plain) == PixelsOf(*dressed));
}

void AppendNumber(Bytes& to, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

Bytes Chunk(std::string_view type, const Bytes& payload) {
  const base::ByteView name = base::AsBytes(type);
  Bytes body(name.begin(), name.end());
  body.insert(body.end(), payload.begin(), payload.end());
  Bytes chunk;
  AppendNumber(chunk, static_cast<std::uint32_t>(payload.size()));
  chunk.insert(chunk.end(), body.begin(), body.end());
  AppendNumber(chunk,
               static_cast<std::uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size()))));
  return chunk;
}

Bytes InsertAfterHeader(Bytes png, const Bytes& chunk) {
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());
  return png;
}

// A PNG of a header and compressed rows, cut into IDAT chunks of `piece` bytes.
Bytes Assemble(std::uint32_t width, std::uint32_t height, const Bytes& rows,
               std::size_t piece = 1u << 30) {
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Bytes header;
  AppendNumber(header, width);
  AppendNumber(header, height);
  header.insert(header.end(), {8, 0, 0, 0, 0});
  uLongf size = compressBound(rows.size());
  Bytes packed(size);
  REQUIRE(compress(packed.data(), &size, rows.data(), rows.size()) == Z_OK);
  packed.resize(size);
  const auto append = [&png](const Bytes& chunk) {
    png.insert(png.end(), chunk.begin(), chunk.end());
  };
  append(Chunk("IHDR", header));
  for (base::ByteView rest = packed; !rest.empty();) {
    const base::ByteView part = rest.first(std::min(piece, rest.size()));
    append(Chunk("IDAT", Bytes(part.begin(), part.end())));
    rest = rest.subspan(part.size());
  }
  append(Chunk("IEND", {}));
  return png;
}

TEST_CASE("an animated PNG gives its default image and says so") {
  Door door;
  const auto decoded =
      door.Decode(InsertAfterHeader(MakePng({}), Chunk("acTL", {0, 0, 0, 2, 0, 0, 0, 0})));
  REQUIRE(decoded);
  REQUIRE(decoded->warnings.size() == 1);
  CHECK(decoded->warnings[0].type == "animated");
}

TEST_CASE("a large ancillary chunk is passed over") {
  Door door;
  CHECK(door.Decode(InsertAfterHeader(MakePng({}), Chunk("iCCP", Bytes(9'000'000, 0)))));
  CHECK(door.Decode(InsertAfterHeader(MakePng({}), Chunk("prVt", Bytes(9'000'000, 0)))));
}

TEST_CASE("an index beyond the palette is corrupt, not black") {
  const PngSpec good{.colour = PNG_COLOR_TYPE_PALETTE, .depth = 8, .palette_size = 5};
  Bytes encoded = MakePng(good);
  Door door;
  CHECK(door.Decode(encoded));
  // The same rows with a palette of four.
  const std::string_view text = base::AsText(encoded);
  const std::size_t at = text.find("PLTE") - 4;
  const Bytes four = Chunk("PLTE", Bytes(12, 9));
  Bytes shorter(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(at));
  shorter.insert(shorter.end(), four.begin(), four.end());
  shorter.insert(shorter.end(), encoded.begin() + static_cast<std::ptrdiff_t>(at + 12 + 15),
                 encoded.end());
  const auto decoded = door.Decode(shorter);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().message == "the PNG is corrupt: a pixel has colour 4 of a palette of 4");
}

TEST_CASE(
    "a PNG cut at any byte is truncated, or lacks only its last chunk and shows every pixel") {
  for (const PngSpec& spec :
       {PngSpec{}, PngSpec{.colour = PNG_COLOR_TYPE_PALETTE, .depth = 4, .interlaced = true},
        PngSpec{.colour = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 16}}) {
    const Bytes whole = MakePng(spec);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    constexpr std::size_t kEndChunk = 12;
    for (std::size_t length = 8; length < whole.size(); ++length) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      const auto decoded = door.Decode(cut);
      CAPTURE(length, whole.size());
      if (length + kEndChunk >= whole.size()) {
        REQUIRE(decoded);
        REQUIRE(PixelsOf(*decoded) == expected);
        REQUIRE(decoded->warnings.front().type == "png_missing_iend");
        continue;
      }
      REQUIRE_FALSE(decoded);
      REQUIRE(decoded.error().code == ErrorCode::kInvalidFrame);
      REQUIRE_THAT(decoded.error().message, Catch::Contains("truncated"));
    }
    Bytes damaged = whole;
    damaged.back() ^= 1;  // of the last chunk's CRC
    {
      const auto decoded = door.Decode(damaged);
      REQUIRE(decoded);
      CHECK(PixelsOf(*decoded) == expected);
      CHECK(decoded->warnings.front().type == "png_missing_iend");
    }
    CHECK(door.budget.used() == 0);
  }
}

TEST_CASE("a PNG with any one byte changed is refused or shows the same pixels") {
  for (const PngSpec& spec :
       {PngSpec{}, PngSpec{.colour = PNG_COLOR_TYPE_PALETTE, .depth = 4, .interlaced = true},
        PngSpec{.colour = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 16}}) {
    const Bytes whole = MakePng(spec);
    Door door;
    const Bytes expected = PixelsOf(*door.Decode(whole));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const unsigned change : {0x01u, 0x80u, 0xffu}) {
        Bytes corrupt = whole;
        corrupt[at] = static_cast<std::uint8_t>(corrupt[at] ^ change);
        const auto decoded = door.Decode(corrupt);
        CAPTURE(at, change);
        if (decoded) REQUIRE(PixelsOf(*decoded) == expected);
      }
    }
    CHECK(door.budget.used() == 0);
  }
}

// As above with the CRC put right: now the library meets the bytes.
TEST_CASE(
    "a PNG with any byte of its compressed data changed and the CRC put right never crashes") {
  const Bytes rows = test::TestPixels(34, 21, 1);
  Bytes whole = Assemble(33, 21, rows);
  const std::size_t idat = base::AsText(whole).find("IDAT");
  const std::size_t end = base::AsText(whole).find("IEND") - 8;
  Door door;
  for (std::size_t at = idat + 4; at < end; ++at) {
    for (const unsigned change : {0x01u, 0x80u, 0xffu}) {
      Bytes corrupt = whole;
      corrupt[at] = static_cast<std::uint8_t>(corrupt[at] ^ change);
      Bytes crc;
      AppendNumber(crc, static_cast<std::uint32_t>(
                            crc32(0, corrupt.data() + idat, static_cast<uInt>(end - idat))));
      std::copy(crc.begin(), crc.end(), corrupt.begin() + static_cast<std::ptrdiff_t>(end));
      const auto decoded = door.Decode(corrupt);
      if (!decoded) REQUIRE(decoded.error().code == ErrorCode::kInvalidFrame);
    }
  }
  CHECK(door.budget.used() == 0);
}

TEST_CASE("compressed data that ends before the last row is an error") {
  Door door;
  const auto decoded = door.Decode(Assemble(10, 10, Bytes(11 * 9, 0)));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
  CHECK(door.Decode(Assemble(10, 10, Bytes(11 * 10, 0))));
}

TEST_CASE("a PNG header of 2^31-1 squared is refused with its numbers before memory is taken") {
  Door door;
  const auto decoded = door.Decode(Assemble(0x7fffffff, 0x7fffffff, Bytes(1, 0)));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().message ==
        "the PNG header says 2147483647x2147483647 pixels in 1 channel, 4611686014132420609 bytes; "
        "the limit is 104857600 (codec.max_frame_bytes)");
  CHECK(door.scratch.Pixels() == nullptr);
  const auto wider = door.Decode(Assemble(0x80000000, 1, Bytes(1, 0)));
  REQUIRE_FALSE(wider);
  CHECK(wider.error().code == ErrorCode::kInvalidFrame);
  CHECK_FALSE(door.Decode(Assemble(0, 1, Bytes(1, 0))));
}

// 20 MB of zeros behind the rows of the picture, in pieces of any size: no clock would stay within
// its limit if they were inflated.
TEST_CASE("data behind the last row is not inflated") {
  for (const std::size_t piece : {1u << 20, 1000u, 10u}) {
    for (const auto wanted : {PixelFormat::kGray8, PixelFormat::kBgr24}) {
      const Bytes bomb = Assemble(1, 1, Bytes(20u << 20, 0), piece);
      const test::CountedClock clock(4);
      Door door;
      door.allowance.deadline = base::Deadline(clock, std::chrono::seconds(1));
      const auto decoded = door.Decode(bomb, wanted);
      CAPTURE(piece);
      REQUIRE(decoded);
      CHECK(decoded->image.width == 1);
      CHECK(std::ranges::count(PixelsOf(*decoded), 0) == (wanted == PixelFormat::kGray8 ? 1 : 3));
    }
  }
}

}  // namespace
}  // namespace sampleproc::codec
