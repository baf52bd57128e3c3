#include "codec/raw_decoder.h"

#include <cmath>

#include "codec/yuv.h"
#include "support/python.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using frame::RawDescription;
using frame::RawFormat;
using test::Bytes;
using test::Door;
using test::MakeJpeg;
using test::PixelsOf;

base::Result<Decoded> DecodeDescribed(Door& door, const Bytes& bytes, const RawDescription& raw,
                                      PixelFormat wanted = PixelFormat::kGray8) {
  return Decode({bytes, raw}, wanted, door.options, door.allowance, door.budget, door.scratch,
                std::chrono::milliseconds(0));
}

// Prints, for every kind: its name, and in bytes of two hexadecimal digits its pixels, its gray and
// its BGR as numpy computes them.
constexpr const char* kWritePixels = R"(
import numpy as np
random = np.random.default_rng(5)
WIDTH, HEIGHT = 34, 22

def luma_of(bgr):
    b = bgr.astype(np.int64)
    return (19595 * b[:, :, 2] + 38470 * b[:, :, 1] + 7471 * b[:, :, 0] + 32768) >> 16

def of_yuv(y, u, v):
    y, u, v = (p.astype(np.int64) - o for p, o in ((y, 16), (u, 128), (v, 128)))
    cut = lambda p: np.clip((p + 32768) >> 16, 0, 255)
    bgr = np.stack([cut(76309 * y + 132201 * u), cut(76309 * y - 25675 * u - 53279 * v),
                    cut(76309 * y + 104597 * v)], axis=2)
    # BT.601 in floats, which integers may miss by rounding alone.
    gain = 255 / 219, 255 / 224
    red, blue = 2 * (1 - .299) * gain[1], 2 * (1 - .114) * gain[1]
    exact = np.stack([y * gain[0] + blue * u,
                      y * gain[0] - blue * .114 / .587 * u - red * .299 / .587 * v,
                      y * gain[0] + red * v], axis=2).clip(0, 255)
    assert np.abs(exact - bgr).max() <= 0.51
    return cut(76309 * y), bgr

def emit(name, data, gray, bgr):
    for p in (gray, bgr):
        assert p.min() >= 0 and p.max() <= 255
    print(name, data.tobytes().hex(), gray.astype(np.uint8).tobytes().hex(),
          bgr.astype(np.uint8).tobytes().hex())

colours = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
emit('bgr24', colours, luma_of(colours), colours)
emit('rgb24', colours, luma_of(colours[:, :, ::-1]), colours[:, :, ::-1])
gray = random.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
three = lambda p: np.repeat(p[:, :, None], 3, axis=2)
emit('gray8', gray, gray, three(gray))
deep = random.integers(0, 65536, (HEIGHT, WIDTH)).astype('<u2')
eight = np.rint(deep / 257).astype(np.uint8)
emit('gray16le', deep, eight, three(eight))
floats = random.random((HEIGHT, WIDTH), dtype=np.float32).astype('<f4')
eight = np.floor(floats.astype(np.float64) * 255 + 0.5).astype(np.uint8)
emit('f32', floats, eight, three(eight))
chroma = random.integers(0, 256, (HEIGHT // 2, WIDTH // 2, 2), dtype=np.uint8)
wide = chroma.repeat(2, axis=0).repeat(2, axis=1)
emit('nv12', np.concatenate([gray.ravel(), chroma.ravel()]), *of_yuv(gray, wide[:, :, 0], wide[:, :, 1]))
pairs = random.integers(0, 256, (HEIGHT, WIDTH // 2, 4), dtype=np.uint8)
y = pairs[:, :, 0::2].reshape(HEIGHT, WIDTH)
emit('yuyv', pairs, *of_yuv(y, pairs[:, :, 1].repeat(2, axis=1), pairs[:, :, 3].repeat(2, axis=1)))
)";

Bytes FromHex(const std::string& digits) {
  Bytes bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST_CASE("raw pixels of every kind equal numpy's reading") {
  INFO("the tests need the package python3-numpy");
  std::istringstream lines(testing::RunPython(kWritePixels, ""));
  int kinds = 0;
  for (std::string name, data, gray, bgr; lines >> name >> data >> gray >> bgr; ++kinds) {
    CAPTURE(name);
    const auto format = frame::FindRawFormat(name);
    REQUIRE(format);
    const Bytes pixels = FromHex(data);
    const RawDescription raw{*format, 34, 22};
    CHECK(frame::RawBytes(raw) == pixels.size());
    Door door;
    {
      const auto decoded = DecodeDescribed(door, pixels, raw);
      REQUIRE(decoded);
      CHECK(decoded->format == Format::kRaw);
      CHECK(decoded->warnings.empty());
      CHECK(PixelsOf(*decoded) == FromHex(gray));
    }
    {
      const auto decoded = DecodeDescribed(door, pixels, raw, PixelFormat::kBgr24);
      REQUIRE(decoded);
      CHECK(PixelsOf(*decoded) == FromHex(bgr));
    }
    CHECK(door.budget.used() == 0);
  }
  CHECK(kinds == 7);
}

TEST_CASE("luma of limited range is stretched exactly, black at 16 and white at 235") {
  for (int y = 0; y < 256; ++y) {
    const double exact = std::clamp((y - 16) * 255.0 / 219.0, 0.0, 255.0);
    CHECK(YuvToLuma(static_cast<std::uint8_t>(y)) == std::lround(exact));
  }
}

TEST_CASE("magic bytes win over a description that fits") {
  const Bytes jpeg = MakeJpeg({});
  Door door;
  const auto decoded =
      DecodeDescribed(door, jpeg, {RawFormat::kGray8, static_cast<std::uint32_t>(jpeg.size()), 1});
  REQUIRE(decoded);
  CHECK(decoded->format == Format::kJpeg);
  CHECK(decoded->image.width == 33);
}

TEST_CASE("pixels that begin as a foreign file are pixels when the size is exact") {
  Bytes pixels(48, 0);
  pixels[0] = 'B';
  pixels[1] = 'M';
  Door door;
  CHECK(DecodeDescribed(door, pixels, {RawFormat::kBgr24, 4, 4}));
}

TEST_CASE("a size that does not fit says what the bytes look like and what was expected") {
  Door door;
  const auto message = [&](const Bytes& bytes, const RawDescription& raw, ErrorCode code) {
    const auto decoded = DecodeDescribed(door, bytes, raw);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == code);
    CHECK_THAT(decoded.error().message, Catch::Contains("supported: JPEG, PNG, WebP"));
    return decoded.error().message;
  };
  for (const std::size_t size : {47u, 49u}) {
    CHECK_THAT(message(Bytes(size, 7), {RawFormat::kBgr24, 4, 4}, ErrorCode::kInvalidFrame),
               Catch::Contains("not a picture of a known format") &&
                   Catch::Contains("as bgr24 of 4x4 pixels it would have 48 bytes, it has " +
                                   std::to_string(size)));
  }
  CHECK_THAT(message({'G', 'I', 'F', '8', '9', 'a'}, {RawFormat::kBgr24, 4, 4},
                     ErrorCode::kUnsupportedFormat),
             Catch::Contains("a GIF picture") && Catch::Contains("would have 48 bytes"));
  CHECK_THAT(message(Bytes(18, 7), {RawFormat::kNv12, 3, 4}, ErrorCode::kInvalidFrame),
             Catch::Contains("width and height must be even"));
  CHECK_THAT(message(Bytes(18, 7), {RawFormat::kYuyv, 3, 3}, ErrorCode::kInvalidFrame),
             Catch::Contains("the width must be even"));
  CHECK_THAT(message(Bytes(18, 7), {RawFormat::kGray8, 0, 3}, ErrorCode::kInvalidFrame),
             Catch::Contains("described as gray8 need width and height"));
  CHECK(door.budget.used() == 0);
}

TEST_CASE("raw pixels obey the limits, the budget, the deadline and the rule for floats") {
  const Bytes pixels(100 * 50, 128);
  const RawDescription raw{RawFormat::kGray8, 100, 50};
  Door door;
  door.options.max_frame_bytes = 5000;
  CHECK(DecodeDescribed(door, pixels, raw));
  CHECK_FALSE(DecodeDescribed(door, pixels, raw, PixelFormat::kBgr24));
  const auto all = door.budget.TryReserve(door.budget.capacity(), "the test");
  auto decoded = DecodeDescribed(door, pixels, raw);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kOverloaded);

  for (const RawFormat format : {RawFormat::kGray8, RawFormat::kYuyv}) {
    const RawDescription large{format, 2000, 500};
    const test::CountedClock clock(4);
    Door slow;
    slow.allowance.deadline = base::Deadline(clock, std::chrono::seconds(1));
    decoded = DecodeDescribed(slow, Bytes(*frame::RawBytes(large), 128), large);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::kDeadline);
    CHECK(slow.budget.used() == 0);
  }

  Door floats;
  decoded = DecodeDescribed(floats, Bytes(16, 0xff), {RawFormat::kF32, 2, 2});
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
}

}  // namespace
}  // namespace sampleproc::codec
