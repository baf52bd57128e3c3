// A view of decoded pixels. It owns nothing: the pixels live in the scratch of the worker that
// decoded them and are valid until that worker decodes its next frame.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::frame {

enum class PixelFormat : std::uint8_t {
  kGray8,  // one byte: luma, 0..255 full range
  kBgr24,  // three bytes: blue, green, red
};

constexpr int Channels(PixelFormat format) { return format == PixelFormat::kGray8 ? 1 : 3; }

// Of a pixel that is to be shown, in any unit; 0 where nothing says, and pixels are square.
struct PixelAspect {
  int width = 0;
  int height = 0;
};

// Row y starts at data + y * stride; stride is in bytes and at least width * Channels(format).
struct Image {
  const std::uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  std::size_t stride = 0;
  PixelFormat format = PixelFormat::kGray8;

  const std::uint8_t* Row(int y) const { return data + static_cast<std::size_t>(y) * stride; }
};

}  // namespace sampleproc::frame
