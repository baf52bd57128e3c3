// Colour to luma, one formula for every format that has no luma of its own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::codec {

// BT.601 in 16-bit fixed point, the formula libjpeg uses for RGB pictures; 0..255, white is 255.
constexpr std::uint8_t Luma(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>((19595u * red + 38470u * green + 7471u * blue + 32768u) >> 16);
}

}  // namespace sampleproc::codec
