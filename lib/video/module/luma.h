// From a video's luma samples to full-range gray.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sampleproc::video {

// Limited range of 8 bits (ITU-R BT.601: black 16, white 235) to 0..255:
// clamp(round((y - 16) * 255 / 219), 0, 255). With x = y - 16 that is x + round(x * 36 / 219), and
// the second term is computed in 16 bits, where the processor handles eight samples at once: 43092
// is 36 / 219 * 2^18, and 512 rounds to nearest. Exact for every y, as the test computes.
constexpr std::uint8_t StretchLuma(std::uint8_t y) {
  constexpr std::uint16_t kScale = 43092;
  const auto x = static_cast<std::uint16_t>(std::clamp<std::uint8_t>(y, 16, 235) - 16);
  const auto wide = static_cast<std::uint16_t>(x << 8);
  // Every step is named as 16 bits, or the compiler works in 32 and takes six times as long.
  const auto high = static_cast<std::uint16_t>((std::uint32_t{wide} * kScale) >> 16);
  const auto rounded = static_cast<std::uint16_t>(high + 512);
  return static_cast<std::uint8_t>(x + static_cast<std::uint16_t>(rounded >> 10));
}

// `count` samples by StretchLuma. `from` and `to` do not overlap.
void StretchLumaRow(const std::uint8_t* from, std::uint8_t* to, std::size_t count);

// A sample of `depth` bits (8 to 16) as full-range gray, rounded to nearest. Limited range has its
// black at 16 and its white at 235, each times 2^(depth - 8).
constexpr std::uint8_t ScaleLuma(std::uint32_t sample, int depth, bool limited) {
  const std::int64_t black = limited ? std::int64_t{16} << (depth - 8) : 0;
  const std::int64_t span =
      limited ? std::int64_t{219} << (depth - 8) : (std::int64_t{1} << depth) - 1;
  const std::int64_t above = std::clamp<std::int64_t>(sample - black, 0, span);
  return static_cast<std::uint8_t>((above * 255 * 2 + span) / (span * 2));
}

// Pixels of three bytes, blue, green, red, by the formula that pictures are decoded with.
void BgrToLumaRow(const std::uint8_t* bgr, std::uint8_t* to, std::size_t count);

}  // namespace sampleproc::video
