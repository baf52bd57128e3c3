// Camera YUV to luma and colour.
//
// ITU-R BT.601 with its limited range: Y is 16 (black) to 235 (white), U and V are 128 +- 112. With
// Kr = 0.299 and Kb = 0.114, and everything stretched to 0..255:
//   luma  = (Y - 16) * 255 / 219
//   red   = luma + 2 (1 - Kr) * 255/224 * (V - 128)
//   blue  = luma + 2 (1 - Kb) * 255/224 * (U - 128)
//   green = luma - 2 (1 - Kb) Kb/Kg * 255/224 * (U - 128) - 2 (1 - Kr) Kr/Kg * 255/224 * (V - 128)
// in fixed point of 16 bits, rounded, and cut to 0..255.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sampleproc::codec {

constexpr int kYuvLuma = 76309;  // each is the factor above * 65536, rounded
constexpr int kYuvRedV = 104597;
constexpr int kYuvBlueU = 132201;
constexpr int kYuvGreenU = 25675;
constexpr int kYuvGreenV = 53279;

// `scaled` is a sum of products with the factors above.
constexpr std::uint8_t YuvRound(int scaled) {
  return static_cast<std::uint8_t>(std::clamp((scaled + 32768) >> 16, 0, 255));
}

constexpr std::uint8_t YuvToLuma(std::uint8_t y) { return YuvRound(kYuvLuma * (y - 16)); }

constexpr void YuvToBgr(std::uint8_t y, std::uint8_t u, std::uint8_t v, std::uint8_t* bgr) {
  const int luma = kYuvLuma * (y - 16);
  bgr[0] = YuvRound(luma + kYuvBlueU * (u - 128));
  bgr[1] = YuvRound(luma - kYuvGreenU * (u - 128) - kYuvGreenV * (v - 128));
  bgr[2] = YuvRound(luma + kYuvRedV * (v - 128));
}

}  // namespace sampleproc::codec
