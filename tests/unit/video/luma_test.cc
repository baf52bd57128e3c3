#include "video/module/luma.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

namespace sampleproc::video {
namespace {

int Exact(int sample, double black, double span) {
  return static_cast<int>(std::floor(std::clamp((sample - black) * 255 / span, 0.0, 255.0) + 0.5));
}

TEST_CASE("limited range is stretched exactly for every sample", "[video]") {
  for (int y = 0; y < 256; ++y) {
    INFO(y);
    CHECK(StretchLuma(static_cast<std::uint8_t>(y)) == Exact(y, 16, 219));
    CHECK(ScaleLuma(static_cast<std::uint32_t>(y), 8, true) == Exact(y, 16, 219));
    CHECK(ScaleLuma(static_cast<std::uint32_t>(y), 8, false) == y);
  }
}

TEST_CASE("samples of 10 bits are scaled exactly", "[video]") {
  for (int y = 0; y < 1024; ++y) {
    INFO(y);
    CHECK(ScaleLuma(static_cast<std::uint32_t>(y), 10, true) == Exact(y, 64, 876));
    CHECK(ScaleLuma(static_cast<std::uint32_t>(y), 10, false) == Exact(y, 0, 1023));
  }
}

TEST_CASE("samples of 16 bits reach both ends", "[video]") {
  CHECK(ScaleLuma(0, 16, false) == 0);
  CHECK(ScaleLuma(65535, 16, false) == 255);
  CHECK(ScaleLuma(16 * 256, 16, true) == 0);
  CHECK(ScaleLuma(235 * 256, 16, true) == 255);
  CHECK(ScaleLuma(65535, 16, true) == 255);
}

}  // namespace
}  // namespace sampleproc::video
