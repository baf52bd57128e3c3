// Pictures that say how long they are looked at: raw gray pixels whose first four are
//
//   0, 1   milliseconds, low byte first
//   2      1: something moves in it
//   3      1: the detector does not ask meanwhile whether it may go on
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace sampleproc::sim {

// The smallest picture in which people are looked for.
inline constexpr int kPictureWidth = 64;
inline constexpr int kPictureHeight = 128;
inline constexpr char kPictureFormat[] = "gray8";

struct Look {
  std::chrono::milliseconds time{0};
  bool motion = true;
  bool hangs = false;
};

inline base::ByteBuffer MakePicture(const Look& look) {
  base::ByteBuffer pixels(static_cast<std::size_t>(kPictureWidth * kPictureHeight), 128);
  pixels[0] = static_cast<std::uint8_t>(look.time.count() & 255);
  pixels[1] = static_cast<std::uint8_t>(look.time.count() >> 8 & 255);
  pixels[2] = look.motion ? 1 : 0;
  pixels[3] = look.hangs ? 1 : 0;
  return pixels;
}

// `step` is the distance of two pixels in bytes.
inline Look ReadLook(const std::uint8_t* pixels, std::size_t step) {
  return {.time = std::chrono::milliseconds(pixels[0] | pixels[step] << 8),
          .motion = pixels[2 * step] != 0,
          .hangs = pixels[3 * step] != 0};
}

}  // namespace sampleproc::sim
