#include "codec/npy_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "support/python.h"
#include "unit/codec/picture_maker.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using frame::PixelFormat;
using test::Bytes;
using test::Door;
using test::PixelsOf;

void Append(Bytes& to, std::string_view text) {
  const base::ByteView more = base::AsBytes(text);
  to.insert(to.end(), more.begin(), more.end());
}

Bytes Npy(std::string_view header, std::size_t data_bytes, int major = 1) {
  Bytes file;
  Append(file, "\x93NUMPY");
  file.push_back(static_cast<std::uint8_t>(major));
  file.push_back(0);
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
    file.push_back(static_cast<std::uint8_t>(header.size() >> 8 * i));
  }
  Append(file, header);
  file.resize(file.size() + data_bytes, 0);
  return file;
}

std::string Header(std::string_view descr, std::string_view shape,
                   std::string_view fortran = "False") {
  return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(fortran) +
         ", 'shape': " + std::string(shape) + ", }\n";
}

// Writes, for every array: its file, its gray and its BGR as numpy computes them, each behind its
// length in text.
constexpr const char* kWriteArrays = R"(
import io, itertools, sys
import numpy as np
from numpy.lib import format as npy
random = np.random.default_rng(3)

def emit(data):
    sys.stdout.buffer.write(b'%d\n' % len(data) + data)

def eight_bits(a):
    if a.dtype.itemsize == 1:
        return a
    if a.dtype.kind == 'u':
        return np.rint(a.astype(np.float64) / 257).astype(np.uint8)
    return np.floor(a.astype(np.float64) * 255 + 0.5).astype(np.uint8)

kinds = ['|u1', '<u1', '>u1', '<u2', '>u2', '<f4', '>f4']
shapes = [(21, 33), (1, 1), (21, 33, 1), (21, 33, 3), (21, 33, 4), (1, 9, 3), (9, 1, 4), (130, 257, 3)]
for kind, shape, version in itertools.product(kinds, shapes, [(1, 0), (2, 0), (3, 0)]):
    dtype = np.dtype(kind)
    if dtype.kind == 'f':
        a = random.random(shape, dtype=np.float32)
        a.flat[0] = 0
        a.flat[-1] = 1
    else:
        a = random.integers(0, 256 ** dtype.itemsize, shape)
    a = a.astype(dtype)
    file = io.BytesIO()
    npy.write_array(file, a, version=version)
    emit(file.getvalue())
    assert np.array_equal(np.load(io.BytesIO(file.getvalue())), a)
    b = eight_bits(a).reshape(shape[0], shape[1], -1)
    bgr = b[:, :, :3] if b.shape[2] > 1 else np.repeat(b, 3, axis=2)
    wide = bgr.astype(np.uint32)
    luma = (19595 * wide[:, :, 2] + 38470 * wide[:, :, 1] + 7471 * wide[:, :, 0] + 32768) >> 16
    gray = luma.astype(np.uint8) if b.shape[2] > 1 else b
    emit(gray.tobytes())
    emit(bgr.astype(np.uint8).tobytes())
)";

class Parts {
 public:
  explicit Parts(std::string text) : text_(std::move(text)) {}
  bool AtEnd() const { return at_ == text_.size(); }
  Bytes Next() {
    const std::size_t line = text_.find('\n', at_);
    const std::size_t size = std::stoul(text_.substr(at_, line - at_));
    const base::ByteView part = base::AsBytes(text_).subspan(line + 1, size);
    at_ = line + 1 + size;
    return {part.begin(), part.end()};
  }

 private:
  const std::string text_;
  std::size_t at_ = 0;
};

TEST_CASE("arrays of every type, byte order, shape and version equal numpy's reading") {
  INFO("the tests need the package python3-numpy");
  Parts parts(testing::RunPython(kWriteArrays, ""));
  int arrays = 0;
  for (; !parts.AtEnd(); ++arrays) {
    const Bytes file = parts.Next();
    const Bytes gray = parts.Next();
    const Bytes bgr = parts.Next();
    CAPTURE(arrays);
    Door door;
    {
      const auto decoded = door.Decode(file);
      REQUIRE(decoded);
      CHECK(decoded->format == Format::kNpy);
      CHECK(PixelsOf(*decoded) == gray);
    }
    {
      const auto decoded = door.Decode(file, PixelFormat::kBgr24);
      REQUIRE(decoded);
      CHECK(PixelsOf(*decoded) == bgr);
      const bool has_alpha = base::AsText(file).find(", 4)") != std::string_view::npos;
      // Small arrays may hold small values only, which has a warning of its own.
      CHECK(std::ranges::count(decoded->warnings, "alpha_ignored", &frame::Warning::type) ==
            (has_alpha ? 1 : 0));
    }
    CHECK(door.budget.used() == 0);
  }
  CHECK(arrays == 7 * 8 * 3);
}

TEST_CASE("all 65,536 values of 16 bits are scaled by 1/257 and rounded") {
  Bytes file = Npy(Header("<u2", "(256, 256)"), 0);
  for (unsigned value = 0; value < 65536; ++value) {
    file.push_back(static_cast<std::uint8_t>(value));
    file.push_back(static_cast<std::uint8_t>(value >> 8));
  }
  Door door;
  const auto decoded = door.Decode(file);
  REQUIRE(decoded);
  const Bytes pixels = PixelsOf(*decoded);
  for (std::size_t value = 0; value < 65536; ++value) {
    REQUIRE(pixels[value] == std::lround(static_cast<double>(value) / 257.0));
  }
}

TEST_CASE("data of 10 or 12 bits in 16 is told") {
  for (const auto& [largest, bits] :
       {std::pair{0, 0}, {1023, 10}, {1500, 12}, {4095, 12}, {5000, 0}, {65535, 0}}) {
    CAPTURE(largest);
    Bytes file = Npy(Header("<u2", "(2, 2)"), 0);
    for (const int value : {0, largest / 2, 0, largest}) {
      file.push_back(static_cast<std::uint8_t>(value));
      file.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    Door door;
    const auto decoded = door.Decode(file);
    REQUIRE(decoded);
    REQUIRE(decoded->warnings.size() == (bits == 0 ? 0 : 1));
    if (bits == 0) continue;
    CHECK(decoded->warnings[0].type == "shallow_samples");
    CHECK_THAT(decoded->warnings[0].msg,
               Catch::Contains("lowest " + std::to_string(bits) + " bits"));
  }
}

std::string ErrorOf(const Bytes& file) {
  Door door;
  const auto decoded = door.Decode(file);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
  CHECK(door.budget.used() == 0);
  CHECK(door.scratch.Pixels() == nullptr);
  return decoded.error().message;
}

TEST_CASE("a refused array is told what was found and what is allowed") {
  const auto check = [](const Bytes& file, const std::string& found, const std::string& allowed) {
    CHECK_THAT(ErrorOf(file), Catch::Contains(found) && Catch::Contains(allowed));
  };
  check(Npy(Header("|O", "(2, 2)"), 32), "Python objects", "u1, u2 and f4");
  check(Npy(Header("<f8", "(2, 2)"), 32), "floats of another size", "u1, u2 and f4");
  check(Npy(Header("<i4", "(2, 2)"), 16), "signed integers", "u1, u2 and f4");
  check(Npy(Header("<u4", "(2, 2)"), 16), "unsigned integers of another size", "u1, u2 and f4");
  check(Npy(Header("|b1", "(2, 2)"), 4), "booleans", "u1, u2 and f4");
  check(Npy(Header("<c8", "(2, 2)"), 32), "complex", "u1, u2 and f4");
  check(Npy(Header("|V3", "(2, 2)"), 32), "another type", "u1, u2 and f4");
  check(Npy(Header("", "(2, 2)"), 4), "no type", "u1, u2 and f4");
  check(Npy("{'descr': [('a', '<u1')], 'fortran_order': False, 'shape': (2, 2)}", 4),
        "structured type", "u1, u2 and f4");
  check(Npy(Header("|u1", "(2, 2)", "True"), 4), "Fortran order", "C order");
  check(Npy(Header("|u1", "()"), 1), "0 dimensions", "2 (height, width)");
  check(Npy(Header("|u1", "(4,)"), 4), "1 dimension;", "2 (height, width)");
  check(Npy(Header("|u1", "(1, 2, 2, 3)"), 12), "4 dimensions", "3 (height, width, channels)");
  check(Npy(Header("|u1", "(2, 2, 2)"), 8), "2 channels", "1 (gray), 3 (BGR) and 4 (BGRA)");
  check(Npy(Header("|u1", "(2, 2, 0)"), 0), "0 channels", "1 (gray)");
  check(Npy(Header("|u1", "(2, 2, 4294967299)"), 12), "side", "1 to 2147483647");
  check(Npy(Header("|u1", "(0, 2)"), 0), "side of 0", "1 to 2147483647");
  check(Npy(Header("|u1", "(-2, 2)"), 4), "negative side", "1 to 2147483647");
  check(Npy(Header("|u1", "(2, 2)"), 5), "5 bytes of data", "2x2x1 samples of 1 byte");
  check(Npy(Header("|u1", "(2, 2)"), 3), "3 bytes of data", "2x2x1 samples of 1 byte");
  check(Npy(Header("|u1", "(2, 2)"), 4, 4), "version 4.0", "1.0, 2.0 and 3.0");
  check(Npy(Header("|u1", "(2, 2)"), 4, 0), "version 0.0", "1.0, 2.0 and 3.0");
}

TEST_CASE("sides whose product overflows are refused before memory is taken") {
  for (const char* shape : {"(2147483647, 2147483647)", "(2147483647, 2147483647, 4)",
                            "(4294967296, 4294967296)", "(18446744073709551617, 1)",
                            "(99999999999999999999999999999999, 3)", "(65536, 65536, 3)"}) {
    CAPTURE(shape);
    ErrorOf(Npy(Header("<f4", shape), 16));
  }
  // Also when the configured limit is no help.
  Door door;
  door.options.max_frame_bytes = std::numeric_limits<std::size_t>::max();
  CHECK_FALSE(door.Decode(Npy(Header("<f4", "(2147483647, 2147483647, 4)"), 0)));
  CHECK(door.scratch.Pixels() == nullptr);
}

TEST_CASE("an array of a thousand dimensions and a header over 10,000 bytes are refused") {
  std::string shape = "(";
  for (int i = 0; i < 1000; ++i) shape += "1,";
  CHECK_THAT(ErrorOf(Npy(Header("|u1", shape + ")"), 1)), Catch::Contains("1000 dimensions"));
  const std::string header = Header("|u1", "(2, 2)");
  const auto padded = [&](std::size_t size) {
    return header.substr(0, header.size() - 1) + std::string(size - header.size(), ' ') + "\n";
  };
  for (const int major : {1, 2, 3}) {
    Door door;
    CHECK(door.Decode(Npy(padded(10'000), 4, major)));
    CHECK_THAT(ErrorOf(Npy(padded(10'001), 4, major)), Catch::Contains("header of 10001 bytes"));
  }
  Bytes huge = Npy("", 10, 2);
  huge[8] = huge[9] = huge[10] = huge[11] = 0xff;
  CHECK_THAT(ErrorOf(huge), Catch::Contains("header of 4294967295 bytes"));
}

TEST_CASE("a header is a literal of the three keys and nothing else") {
  for (const char* header :
       {"",
        "{",
        "{}",
        "[]",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), 'more': 1}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)} x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2 2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,, 2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (,2, 2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': [2, 2]}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2.0)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0x2)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, +2)}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 2)}",
        "{'descr': '\\u1', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': |u1, 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr' '|u1', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '|u1' 'fortran_order': False 'shape': (2, 2)}",
        "{__import__('os'): 1}"}) {
    CAPTURE(header);
    CHECK_THAT(ErrorOf(Npy(header, 4)), Catch::Contains("it must be {'descr': TYPE"));
  }
  Door door;
  CHECK(door.Decode(
      Npy("\t{ \"shape\" :( 2,2 , ) ,\"fortran_order\":False, 'descr':\"u1\" }  \n\n", 4)));
}

TEST_CASE("a float that is not finite or not in 0..1 is refused with its place") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {nan, infinity, -infinity, -0.001f, 1.0001f, 255.0f}) {
    for (const auto wanted : {PixelFormat::kGray8, PixelFormat::kBgr24}) {
      CAPTURE(bad);
      Bytes file = Npy(Header("<f4", "(4, 5, 3)"), 240);
      std::memcpy(file.data() + file.size() - 4 * (3 * 2 + 2), &bad, 4);
      Door door;
      const auto decoded = door.Decode(file, wanted);
      REQUIRE_FALSE(decoded);
      CHECK(decoded.error().code == ErrorCode::kInvalidFrame);
      CHECK_THAT(decoded.error().message,
                 Catch::Contains("column 2 of row 3") && Catch::Contains("0..1"));
      CHECK(door.budget.used() == 0);
    }
  }
  Bytes fine = Npy(Header("<f4", "(1, 1)"), 4);
  const float negative_zero = -0.0f;
  std::memcpy(fine.data() + fine.size() - 4, &negative_zero, 4);
  Door door;
  CHECK(door.Decode(fine));
}

TEST_CASE("an array cut at any byte is an error") {
  for (const int major : {1, 2, 3}) {
    const Bytes whole = Npy(Header("<u2", "(5, 4, 3)"), 120, major);
    for (std::size_t length = 6; length < whole.size(); ++length) {
      ErrorOf(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    }
  }
}

}  // namespace
}  // namespace sampleproc::codec
