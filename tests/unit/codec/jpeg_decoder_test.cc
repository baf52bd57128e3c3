#include "codec/jpeg_decoder.h"

#include <unistd.h>

#include <sstream>

#include "codec/jpeg_encoder.h"
#include "support/samples.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using test::Bytes;
using test::Door;
using test::JpegSpec;
using test::MakeJpeg;
using test::PixelsOf;

// What a command writes to its standard output.
Bytes OutputOf(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Bytes out;
  std::array<std::uint8_t, 65536> part;
  while (const std::size_t n = fread(part.data(), 1, part.size(), pipe)) {
    out.insert(out.end(), part.data(), part.data() + n);
  }
  INFO(command << "; the tests need the package libjpeg-turbo-progs");
  REQUIRE(pclose(pipe) == 0);
  return out;
}

struct Pnm {
  int width = 0;
  int height = 0;
  Bytes pixels;
};

Pnm ParsePnm(const Bytes& bytes) {
  std::istringstream text(std::string(base::AsText(bytes)));
  std::string magic;
  Pnm pnm;
  int largest = 0;
  text >> magic >> pnm.width >> pnm.height >> largest;
  const auto start = static_cast<std::size_t>(text.tellg()) + 1;
  pnm.pixels.assign(bytes.begin() + static_cast<std::ptrdiff_t>(start), bytes.end());
  return pnm;
}

int LargestDifference(const Bytes& a, const Bytes& b) {
  REQUIRE(a.size() == b.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

Bytes SwapRedAndBlue(Bytes pixels) {
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) std::swap(pixels[i], pixels[i + 2]);
  return pixels;
}

TEST_CASE("luma and colour of real photos equal djpeg's, baseline and progressive") {
  const std::filesystem::path progressive =
      std::filesystem::temp_directory_path() /
      ("sampleproc-progressive-" + std::to_string(getpid()) + ".jpg");
  for (const char* name : {"messi5.jpg", "fruits.jpg", "left01.jpg", "apple.jpg", "aero1.jpg",
                           "HappyFish.jpg", "board.jpg"}) {
    CAPTURE(name);
    const std::filesystem::path original = test::SamplePath(name);
    OutputOf("jpegtran -progressive -outfile " + progressive.string() + " " + original.string());
    for (const auto& path : {original, progressive}) {
      const Bytes encoded = test::ReadFile(path);
      Door door;
      const Pnm gray = ParsePnm(OutputOf("djpeg -grayscale -pnm -dct int " + path.string()));
      const auto decoded = door.Decode(encoded);
      REQUIRE(decoded);
      CHECK(decoded->image.width == gray.width);
      CHECK(decoded->image.height == gray.height);
      CHECK(decoded->format == Format::kJpeg);
      CHECK(decoded->orientation == 1);
      CHECK(LargestDifference(PixelsOf(*decoded), gray.pixels) <= 1);

      const auto colour = door.Decode(encoded, PixelFormat::kBgr24);
      REQUIRE(colour);
      Pnm rgb = ParsePnm(OutputOf("djpeg -rgb -pnm -dct int " + path.string()));
      CHECK(LargestDifference(SwapRedAndBlue(PixelsOf(*colour)), rgb.pixels) <= 1);
    }
  }
  std::filesystem::remove(progressive);
}

TEST_CASE("where a narrower picture is enough, a JPEG is decoded as djpeg scales it") {
  const auto path = test::SamplePath("messi5.jpg");  // 548x342
  const Bytes encoded = test::ReadFile(path);
  struct Case {
    int enough;
    int reduction;
  };
  for (const auto [enough, reduction] :
       {Case{549, 1}, {548, 1}, {275, 1}, {274, 2}, {138, 2}, {137, 4}, {69, 8}, {0, 8}}) {
    CAPTURE(enough, reduction);
    const std::string scale = "-scale 1/" + std::to_string(reduction) + " ";
    const Pnm expected =
        ParsePnm(OutputOf("djpeg -grayscale -pnm -dct int " + scale + path.string()));
    Door door;
    const auto decoded = door.Decode(encoded, {PixelFormat::kGray8, enough});
    REQUIRE(decoded);
    CHECK(decoded->image.width == expected.width);
    CHECK(decoded->image.height == expected.height);
    CHECK(decoded->width == 548);
    CHECK(decoded->height == 342);
    CHECK(LargestDifference(PixelsOf(*decoded), expected.pixels) <= 1);
  }
}

TEST_CASE("a limit on the picture is one on its full size, however little is wanted") {
  Door door;
  door.options.max_frame_bytes = 99;
  const auto refused = door.Decode(MakeJpeg({.width = 10, .height = 10}), {PixelFormat::kGray8, 1});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kInvalidFrame);
  door.options.max_frame_bytes = 100;
  const auto tiny = door.Decode(MakeJpeg({.width = 10, .height = 10}), {PixelFormat::kGray8, 1});
  REQUIRE(tiny);
  CHECK(tiny->image.width == 2);
}

TEST_CASE("gray, RGB-coded, restarted and separately scanned pictures decode without warnings") {
  const std::vector<JpegSpec> specs = {{.channels = 1},
                                       {.channels = 1, .progressive = true},
                                       {.rgb = true},
                                       {.restart_interval = 1},
                                       {.separate_scans = true},
                                       {.width = 1, .height = 1},
                                       {.width = 1, .height = 100},
                                       {.width = 100, .height = 1, .progressive = true}};
  for (const JpegSpec& spec : specs) {
    for (const auto wanted : {PixelFormat::kGray8, PixelFormat::kBgr24}) {
      Door door;
      const auto decoded = door.Decode(MakeJpeg(spec), wanted);
      REQUIRE(decoded);
      CHECK(decoded->warnings.empty());
      CHECK(decoded->image.width == spec.width);
      CHECK(decoded->image.height == spec.height);
    }
  }
}

TEST_CASE("the gray of an RGB-coded picture is BT.601 of its colours") {
  const Bytes encoded = MakeJpeg({.rgb = true});
  Door gray_door;
  Door colour_door;
  const auto gray = gray_door.Decode(encoded);
  const auto colour = colour_door.Decode(encoded, PixelFormat::kBgr24);
  REQUIRE(gray);
  REQUIRE(colour);
  const Bytes bgr = PixelsOf(*colour);
  const Bytes luma = PixelsOf(*gray);
  for (std::size_t i = 0; i < luma.size(); ++i) {
    REQUIRE(luma[i] ==
            (19595 * bgr[3 * i + 2] + 38470 * bgr[3 * i + 1] + 7471 * bgr[3 * i] + 32768) >> 16);
  }
}

TEST_CASE("what the standard allows and we do not read is unsupported and says what is") {
  Bytes twelve_bits = MakeJpeg({});
  Bytes lossless = MakeJpeg({});
  Bytes open_height = MakeJpeg({});
  for (std::size_t i = 0; i + 10 < twelve_bits.size(); ++i) {
    if (twelve_bits[i] == 0xff && twelve_bits[i + 1] == 0xc0) {
      twelve_bits[i + 4] = 12;
      lossless[i + 1] = 0xc3;
      open_height[i + 5] = open_height[i + 6] = 0;
      break;
    }
  }
  const std::vector<std::pair<Bytes, std::string>> cases = {
      {twelve_bits, "12 bits"}, {lossless, "lossless"}, {open_height, "DNL"}};
  for (const auto& [encoded, word] : cases) {
    Door door;
    const auto decoded = door.Decode(encoded);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kUnsupportedFormat);
    CHECK_THAT(decoded.error().message,
               Catch::Contains(word) && Catch::Contains("; supported: JPEG, PNG, WebP"));
  }
}

TEST_CASE("bytes after the end marker are ignored, bytes before it are warned of") {
  const Bytes whole = MakeJpeg({});
  Door door;
  const Bytes expected = PixelsOf(*door.Decode(whole));

  Bytes padded = whole;
  padded.resize(padded.size() + 300, 0);
  auto decoded = door.Decode(padded);
  REQUIRE(decoded);
  CHECK(decoded->warnings.empty());
  CHECK(PixelsOf(*decoded) == expected);

  Bytes stuffed(whole.begin(), whole.end() - 2);
  stuffed.resize(stuffed.size() + 12, 0x12);
  stuffed.insert(stuffed.end(), {0xff, 0xd9});
  decoded = door.Decode(stuffed);
  REQUIRE(decoded);
  REQUIRE(decoded->warnings.size() == 1);
  CHECK(decoded->warnings[0].type == "jpeg_extraneous_bytes");
  CHECK(PixelsOf(*decoded) == expected);

  decoded = door.Decode(base::ByteView(whole).first(whole.size() - 2));
  REQUIRE(decoded);
  REQUIRE(decoded->warnings.size() == 1);
  CHECK(decoded->warnings[0].type == "jpeg_missing_eoi");
  CHECK(PixelsOf(*decoded) == expected);
}

TEST_CASE("a frame without Huffman tables, as MJPEG cameras send it, decodes") {
  // The default tables are what libjpeg writes; without them the standard ones are assumed.
  const Bytes whole = MakeJpeg({});
  Bytes bare;
  for (std::size_t i = 0; i < whole.size();) {
    if (whole[i] == 0xff && whole[i + 1] == 0xc4) {
      i += 2u + static_cast<std::size_t>(whole[i + 2] << 8 | whole[i + 3]);
    } else {
      bare.push_back(whole[i++]);
    }
  }
  REQUIRE(bare.size() < whole.size());
  Door a;
  Door b;
  const auto decoded = b.Decode(bare);
  REQUIRE(decoded);
  CHECK(PixelsOf(*decoded) == PixelsOf(*a.Decode(whole)));
}

TEST_CASE("an encoded picture decodes to nearly the same pixels, in gray and in colour") {
  for (const auto format : {PixelFormat::kGray8, PixelFormat::kBgr24}) {
    const int channels = frame::Channels(format);
    Bytes pixels(static_cast<std::size_t>(64 * 48 * channels));
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = static_cast<std::uint8_t>(i / static_cast<std::size_t>(channels) % 64 * 3 +
                                            i % static_cast<std::size_t>(channels) * 20);
    }
    const frame::Image image{pixels.data(), 64, 48, static_cast<std::size_t>(64 * channels),
                             format};
    const auto encoded = EncodeJpeg(image, 95);
    REQUIRE(encoded);
    Door door;
    const auto decoded = door.Decode(*encoded, format);
    REQUIRE(decoded);
    CHECK(decoded->warnings.empty());
    CHECK(LargestDifference(PixelsOf(*decoded), pixels) < 12);
  }
}

TEST_CASE("a side that JPEG cannot hold is refused by the encoder") {
  const Bytes pixels(70'000, 0);
  const auto encoded = EncodeJpeg({pixels.data(), 70'000, 1, 70'000, PixelFormat::kGray8}, 90);
  REQUIRE_FALSE(encoded);
  CHECK(encoded.error().code == ErrorCode::kInvalidFrame);
}

}  // namespace
}  // namespace sampleproc::codec
