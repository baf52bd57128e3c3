#include "video/module/luma.h"

namespace sampleproc::video {

void StretchLumaRow(const std::uint8_t* __restrict from, std::uint8_t* __restrict to,
                    std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = StretchLuma(from[i]);
}

void BgrToLumaRow(const std::uint8_t* __restrict bgr, std::uint8_t* __restrict to,
                  std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t sum =
        7471u * bgr[3 * i] + 38470u * bgr[3 * i + 1] + 19595u * bgr[3 * i + 2];
    to[i] = static_cast<std::uint8_t>((sum + 32768u) >> 16);
  }
}

}  // namespace sampleproc::video
