#include "codec/webp_decoder.h"

#include <webp/encode.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "codec/luma.h"
#include "support/python.h"
#include "support/samples.h"
#include "support/temp_dir.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using test::Bytes;
using test::Door;
using test::PixelsOf;
using test::TestPixels;

struct WebpSpec {
  int width = 33;
  int height = 21;
  bool lossless = false;
  bool alpha = false;
};

Bytes MakeWebp(const WebpSpec& spec) {
  const int channels = spec.alpha ? 4 : 3;
  const Bytes pixels = TestPixels(spec.width, spec.height, channels);
  const int stride = spec.width * channels;
  std::uint8_t* out = nullptr;
  std::size_t size = 0;
  if (spec.lossless) {
    size = (spec.alpha ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB)(pixels.data(), spec.width,
                                                                         spec.height, stride, &out);
  } else {
    size = (spec.alpha ? WebPEncodeRGBA : WebPEncodeRGB)(pixels.data(), spec.width, spec.height,
                                                         stride, 70, &out);
  }
  REQUIRE(size > 0);
  Bytes bytes(out, out + size);
  WebPFree(out);
  return bytes;
}

void AppendNumber(Bytes& to, std::size_t value, int bytes) {
  for (int i = 0; i < bytes; ++i, value >>= 8) to.push_back(static_cast<std::uint8_t>(value));
}

void Append(Bytes& to, base::ByteView more) { to.insert(to.end(), more.begin(), more.end()); }

Bytes Chunk(std::string_view name, base::ByteView payload) {
  Bytes chunk;
  Append(chunk, base::AsBytes(name));
  AppendNumber(chunk, payload.size(), 4);
  Append(chunk, payload);
  if (payload.size() % 2 != 0) chunk.push_back(0);
  return chunk;
}

Bytes File(base::ByteView chunks) {
  Bytes file;
  Append(file, base::AsBytes("RIFF"));
  AppendNumber(file, chunks.size() + 4, 4);
  Append(file, base::AsBytes("WEBP"));
  Append(file, chunks);
  return file;
}

constexpr int kExifFlag = 0x08;
constexpr int kAnimationFlag = 0x02;

Bytes Extended(int flags, int width, int height, base::ByteView chunks) {
  Bytes head;
  AppendNumber(head, static_cast<std::size_t>(flags), 4);
  AppendNumber(head, static_cast<std::size_t>(width - 1), 3);
  AppendNumber(head, static_cast<std::size_t>(height - 1), 3);
  Bytes all = Chunk("VP8X", head);
  Append(all, chunks);
  return File(all);
}

// An animation of one frame: the picture of a simple file, placed on a canvas.
Bytes Animation(int width, int height, int left, int top, const WebpSpec& spec) {
  Bytes frame;
  AppendNumber(frame, static_cast<std::size_t>(left / 2), 3);
  AppendNumber(frame, static_cast<std::size_t>(top / 2), 3);
  AppendNumber(frame, static_cast<std::size_t>(spec.width - 1), 3);
  AppendNumber(frame, static_cast<std::size_t>(spec.height - 1), 3);
  AppendNumber(frame, 100, 3);
  frame.push_back(0);
  Append(frame, base::ByteView(MakeWebp(spec)).subspan(12));
  Bytes chunks = Chunk("ANIM", Bytes(6, 0));
  for (int i = 0; i < 2; ++i) Append(chunks, Chunk("ANMF", frame));
  return Extended(kAnimationFlag, width, height, chunks);
}

// dwebp's reading, BGR.
Bytes Dwebp(const Bytes& webp, const std::string& options = "") {
  const testing::TempDir dir;
  const std::string in = (dir.path() / "in.webp").string();
  const std::string out = (dir.path() / "out.ppm").string();
  std::ofstream(in, std::ios::binary) << base::AsText(webp);
  INFO("the tests need the package webp");
  REQUIRE(std::system(
              ("dwebp -quiet -nodither " + options + " -ppm -o " + out + " " + in).c_str()) == 0);
  const Bytes ppm = test::ReadFile(out);
  // "P6\nW H\n255\n"
  std::size_t at = 0;
  for (int lines = 0; lines < 3; ++at) lines += ppm[at] == '\n';
  Bytes pixels(ppm.begin() + static_cast<std::ptrdiff_t>(at), ppm.end());
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) std::swap(pixels[i], pixels[i + 2]);
  return pixels;
}

Bytes Gray(const Bytes& bgr) {
  Bytes gray;
  for (std::size_t i = 0; i + 2 < bgr.size(); i += 3) {
    gray.push_back(Luma(bgr[i + 2], bgr[i + 1], bgr[i]));
  }
  return gray;
}

void CheckEqualsDwebp(const Bytes& webp) {
  const Bytes expected = Dwebp(webp);
  Door door;
  {
    const auto colour = door.Decode(webp, PixelFormat::kBgr24);
    REQUIRE(colour);
    CHECK(colour->format == Format::kWebp);
    CHECK(PixelsOf(*colour) == expected);
  }
  {
    const auto gray = door.Decode(webp);
    REQUIRE(gray);
    CHECK(PixelsOf(*gray) == Gray(expected));
  }
  CHECK(door.budget.used() == 0);
}

TEST_CASE("lossy and lossless WebP of all sides equal dwebp's pixels") {
  for (const bool lossless : {false, true}) {
    for (const bool alpha : {false, true}) {
      for (const auto& [width, height] :
           {std::pair{1, 1}, {1, 9}, {9, 1}, {16, 16}, {33, 21}, {500, 300}}) {
        CAPTURE(lossless, alpha, width, height);
        CheckEqualsDwebp(
            MakeWebp({.width = width, .height = height, .lossless = lossless, .alpha = alpha}));
      }
    }
  }
}

TEST_CASE("WebP of real photos equals dwebp's pixels") {
  for (const char* name : {"basketball1.png", "messi5.jpg", "fruits.jpg"}) {
    for (const char* options : {"-q 75", "-q 20 -m 6 -segments 4", "-lossless"}) {
      CAPTURE(name, options);
      const testing::TempDir dir;
      const std::string out = (dir.path() / "photo.webp").string();
      INFO("the tests need the package webp");
      REQUIRE(std::system(("cwebp -quiet " + std::string(options) + " -o " + out + " " +
                           test::SamplePath(name).string())
                              .c_str()) == 0);
      CheckEqualsDwebp(test::ReadFile(out));
    }
  }
}

TEST_CASE("a WebP's transparency is dropped and warned of, its absence is not") {
  for (const bool lossless : {false, true}) {
    for (const bool alpha : {false, true}) {
      Door door;
      const auto decoded = door.Decode(MakeWebp({.lossless = lossless, .alpha = alpha}));
      REQUIRE(decoded);
      CHECK(decoded->warnings.size() == (alpha ? 1 : 0));
      if (alpha) CHECK(decoded->warnings.at(0).type == "alpha_ignored");
    }
  }
}

TEST_CASE("of an animated WebP the first frame is used, on black, and that is said") {
  for (const bool lossless : {false, true}) {
    const WebpSpec spec{.lossless = lossless};
    Door still;
    const Bytes picture = PixelsOf(*still.Decode(MakeWebp(spec), PixelFormat::kBgr24));
    Door door;
    const auto decoded = door.Decode(Animation(50, 40, 6, 4, spec), PixelFormat::kBgr24);
    REQUIRE(decoded);
    REQUIRE(decoded->warnings.size() == 1);
    CHECK(decoded->warnings[0].type == "animated");
    CHECK(decoded->image.width == 50);
    CHECK(decoded->image.height == 40);
    Bytes expected(50 * 40 * 3, 0);
    for (std::size_t y = 0; y < 21; ++y) {
      std::copy_n(picture.begin() + static_cast<std::ptrdiff_t>(y * 33 * 3), 33 * 3,
                  expected.begin() + static_cast<std::ptrdiff_t>(((y + 4) * 50 + 6) * 3));
    }
    CHECK(PixelsOf(*decoded) == expected);
  }
}

TEST_CASE("a WebP's EXIF orientation is applied") {
  const WebpSpec spec{.lossless = true};
  const Bytes tiff = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
  Bytes with_prefix = {'E', 'x', 'i', 'f', 0, 0};
  Append(with_prefix, tiff);
  for (const Bytes& exif : {tiff, with_prefix}) {
    const Bytes simple = MakeWebp(spec);
    Bytes chunks(simple.begin() + 12, simple.end());
    Append(chunks, Chunk("EXIF", exif));
    Door door;
    const auto decoded = door.Decode(Extended(kExifFlag, 33, 21, chunks));
    REQUIRE(decoded);
    CHECK(decoded->orientation == 6);
    CHECK(decoded->image.width == 21);
    CHECK(decoded->image.height == 33);
    Door upright;
    const Bytes stored = PixelsOf(*upright.Decode(simple));
    CHECK(decoded->image.Row(0)[20] == stored[0]);
    CHECK(decoded->image.Row(32)[0] == stored.back());
  }
}

TEST_CASE("a WebP cut at any byte is an error, also when its sizes are made to fit") {
  for (const bool lossless : {false, true}) {
    const Bytes whole = MakeWebp({.lossless = lossless});
    Door reference;
    const Bytes expected = PixelsOf(*reference.Decode(whole));
    for (std::size_t length = 12; length < whole.size(); ++length) {
      CAPTURE(lossless, length);
      Door door;
      const auto cut = door.Decode(base::ByteView(whole).first(length));
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == ErrorCode::kInvalidFrame);
      if (length < 20) continue;
      const auto fitted = door.Decode(
          File(Chunk(lossless ? "VP8L" : "VP8 ", base::ByteView(whole).subspan(20, length - 20))));
      // The last bytes of an arithmetic coder may be padding; then no pixel is missing.
      if (fitted) {
        CHECK(length + 8 > whole.size());
        CHECK(PixelsOf(*fitted) == expected);
      } else {
        CHECK(fitted.error().code == ErrorCode::kInvalidFrame);
      }
      CHECK(door.budget.used() == (fitted ? fitted->reservation.bytes() : 0));
    }
  }
}

TEST_CASE("a WebP with any byte flipped is an error or a picture of the size it says") {
  for (const bool lossless : {false, true}) {
    const Bytes whole = MakeWebp({.lossless = lossless});
    for (std::size_t at = 12; at < whole.size(); ++at) {
      Bytes flipped = whole;
      flipped[at] ^= 0x10;
      Door door;
      const auto decoded = door.Decode(flipped);
      if (!decoded) CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
    }
  }
}

TEST_CASE("a WebP of 34 bytes that says 16383x16383 costs nothing") {
  Bytes payload = {0x2f};
  AppendNumber(payload, (0x3fffu - 1) | (0x3fffu - 1) << 14, 4);
  payload.resize(14, 0x88);
  const Bytes bomb = File(Chunk("VP8L", payload));
  CHECK(bomb.size() == 34);
  resources::MemoryBudget nothing(1);
  Scratch scratch;
  const auto decoded = Decode({bomb}, PixelFormat::kGray8, {}, {}, nothing, scratch);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
  CHECK_THAT(decoded.error().message, Catch::Contains("16383x16383"));
  CHECK(scratch.Pixels() == nullptr);
}

// Writes a lossless WebP of black pixels in which each block of 4x4 has Huffman tables of its own;
// the input is the number of blocks in a row and in a column.
constexpr const char* kWriteManyGroups = R"(
import struct, sys
blocks = int(sys.stdin.read())
bits = []
def put(value, count):
    bits.extend(value >> i & 1 for i in range(count))
def one_symbol():
    put(1, 1); put(0, 3)
def all_of_256(alphabet):
    # Every literal has 8 bits, the symbols behind them none.
    lengths = {8: 1, 18: 1} if alphabet > 256 else {8: 1, 0: 1}
    put(0, 1); put(8, 4)
    for symbol in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8):
        put(lengths.get(symbol, 0), 3)
    put(0, 1)
    bits.extend([0 if alphabet > 256 else 1] * 256)
    if alphabet > 256:
        put(1, 1); put(alphabet - 256 - 11, 7)
put(0x2f, 8); put(4 * blocks - 1, 14); put(4 * blocks - 1, 14); put(0, 4)
put(0, 2)          # no transform, no colour cache
put(1, 1); put(0, 3)  # a set of tables for each 4x4
put(0, 1)
all_of_256(280); all_of_256(256); one_symbol(); one_symbol(); one_symbol()
for group in range(blocks * blocks):
    for part in (group & 255, group >> 8):
        bits.extend(part >> 7 - i & 1 for i in range(8))
for group in range(blocks * blocks):
    for _ in range(5):
        one_symbol()
bits += [0] * (-len(bits) % 16)
data = bytes(sum(bits[i + j] << j for j in range(8)) for i in range(0, len(bits), 8))
body = b'WEBPVP8L' + struct.pack('<I', len(data)) + data
sys.stdout.buffer.write(b'RIFF' + struct.pack('<I', len(body)) + body)
)";

TEST_CASE("a lossless WebP that asks for thousands of Huffman tables is refused unbuilt") {
  const auto make = [](const std::string& blocks) {
    const std::string file = testing::RunPython(kWriteManyGroups, blocks);
    const base::ByteView bytes = base::AsBytes(file);
    return Bytes(bytes.begin(), bytes.end());
  };
  Door door;
  {
    const auto most = door.Decode(make("64"));
    REQUIRE(most);
    CHECK(most->image.width == 256);
    CHECK(most->reservation.bytes() > 4096 * 12'000);
  }
  for (const std::string blocks : {"65", "256"}) {
    Door other;
    const auto refused = other.Decode(make(blocks));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kInvalidFrame);
    CHECK_THAT(refused.error().message,
               Catch::Contains(blocks == "65" ? "4225 sets" : "65536 sets") &&
                   Catch::Contains("at most 4096"));
    CHECK(other.scratch.Pixels() == nullptr);
  }
}

TEST_CASE("the limit on WebP counts 3 bytes a pixel, whatever is wanted") {
  for (const bool lossless : {false, true}) {
    const Bytes webp = MakeWebp({.width = 100, .height = 50, .lossless = lossless});
    Door door;
    door.options.max_frame_bytes = 15'000;
    CHECK(door.Decode(webp));
    --door.options.max_frame_bytes;
    const auto refused = door.Decode(webp);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kInvalidFrame);
    CHECK_THAT(refused.error().message,
               Catch::Contains("100x50") && Catch::Contains("codec.max_frame_bytes"));
  }
}

// All pixels 0, in some 34 bytes: five Huffman codes of one symbol, which take no bits.
Bytes BlackLossless(std::uint64_t width, std::uint64_t height) {
  const std::uint64_t head = 0x2f | (width - 1) << 8 | (height - 1) << 22;
  Bytes data;
  AppendNumber(data, head, 5);
  AppendNumber(data, 0x1'1111 << 3, 15);
  return File(Chunk("VP8L", data));
}

TEST_CASE("a lossless WebP of a few bytes is refused by the memory its decoding would take") {
  Door door;  // 7 bytes a pixel, the picture and the library's copy, of 7/5 of the limit
  door.options.max_frame_bytes = 16u << 20;
  CHECK(door.Decode(BlackLossless(1800, 1800)));
  const auto refused = door.Decode(BlackLossless(1840, 1840));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kInvalidFrame);
  CHECK_THAT(refused.error().message, Catch::Contains("7/5 of codec.max_frame_bytes"));
  CHECK(door.budget.used() == 0);
}

TEST_CASE("the deadline holds in the middle of a WebP") {
  for (const bool lossless : {false, true}) {
    const Bytes webp = MakeWebp({.width = 900, .height = 900, .lossless = lossless});
    REQUIRE(webp.size() > 200'000);
    const test::CountedClock clock(3);
    Door door;
    door.allowance.deadline = base::Deadline(clock, std::chrono::seconds(1));
    const auto decoded = door.Decode(webp);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kDeadline);
    CHECK(door.budget.used() == 0);
  }
}

TEST_CASE("chunks and sizes that contradict each other are corrupt") {
  const WebpSpec spec{};
  const Bytes simple = MakeWebp(spec);
  const base::ByteView picture = base::ByteView(simple).subspan(12);
  const std::vector<Bytes> broken = {File({}),
                                     File(Chunk("XXXX", Bytes(4, 0))),
                                     File(Chunk("VP8X", Bytes(9, 0))),
                                     File(Chunk("VP8 ", Bytes(20, 0))),
                                     File(Chunk("VP8L", {})),
                                     Extended(0, 34, 21, picture),
                                     Extended(0, 33, 21, {}),
                                     Extended(kAnimationFlag, 33, 21, picture),
                                     Extended(kAnimationFlag, 33, 21, Chunk("ANMF", Bytes(15, 0))),
                                     Animation(33, 21, 2, 0, spec),
                                     Animation(33, 21, 0, 2, spec),
                                     Animation(1 << 24, 1, 0, 0, spec)};
  for (const Bytes& webp : broken) {
    Door door;
    const auto decoded = door.Decode(webp);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
    CHECK(door.budget.used() == 0);
  }
}

}  // namespace
}  // namespace sampleproc::codec
