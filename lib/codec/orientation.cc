#include "codec/orientation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace sampleproc::codec {
namespace {

// Side of the squares that are turned one by one: both sides of the copy stay in the first cache.
constexpr int kBlock = 32;

constexpr std::string_view kWork = "turning the picture";

// Rows mirrored between two looks at the clock.
constexpr int kRowsPerCheck = 256;

template <std::size_t kChannels>
using Pixel = std::array<std::uint8_t, kChannels>;

// Orientations 2, 3 and 4, in place.
template <std::size_t kChannels>
base::Result<void> Mirror(Pixel<kChannels>* pixels, const frame::Image& image, int orientation,
                          const base::Allowance& allowance) {
  const auto width = static_cast<std::size_t>(image.width);
  const auto height = static_cast<std::size_t>(image.height);
  const bool rows = orientation != 2;
  const bool columns = orientation != 4;
  for (std::size_t y = 0; y < (rows ? (height + 1) / 2 : height); ++y) {
    if (y % kRowsPerCheck == 0) {
      if (auto allowed = allowance.Check(kWork); !allowed) return allowed;
    }
    Pixel<kChannels>* const row = pixels + y * width;
    Pixel<kChannels>* const other = rows ? pixels + (height - 1 - y) * width : row;
    if (columns) {
      std::reverse(row, row + width);
      if (other != row) std::reverse(other, other + width);
    }
    if (other != row) std::swap_ranges(row, row + width, other);
  }
  return {};
}

// Orientations 5 to 8. Pixel (x, y) of the result is pixel (y, x) of the stored picture after its
// rows (6, 7), its columns (7, 8) or neither (5) are counted from the far end.
template <std::size_t kChannels>
base::Result<void> Turn(const Pixel<kChannels>* from, Pixel<kChannels>* to,
                        const frame::Image& image, int orientation,
                        const base::Allowance& allowance) {
  const int width = image.height;
  const int height = image.width;
  const bool rows_from_end = orientation == 6 || orientation == 7;
  const bool columns_from_end = orientation == 7 || orientation == 8;
  const std::ptrdiff_t from_stride = image.width;
  const std::ptrdiff_t step = rows_from_end ? -from_stride : from_stride;
  for (int top = 0; top < height; top += kBlock) {
    if (auto allowed = allowance.Check(kWork); !allowed) return allowed;
    for (int left = 0; left < width; left += kBlock) {
      const int right = std::min(left + kBlock, width);
      for (int y = top; y < std::min(top + kBlock, height); ++y) {
        const int column = columns_from_end ? height - 1 - y : y;
        const int first_row = rows_from_end ? width - 1 - left : left;
        const Pixel<kChannels>* source = from + first_row * from_stride + column;
        Pixel<kChannels>* const target = to + std::ptrdiff_t{y} * width;
        for (int x = left; x < right; ++x, source += step) target[x] = *source;
      }
    }
  }
  return {};
}

template <std::size_t kChannels>
base::Result<void> OrientPixels(const DecodeRequest& request, Decoded& decoded) {
  frame::Image& image = decoded.image;
  auto* const stored = reinterpret_cast<Pixel<kChannels>*>(request.scratch.Pixels());
  if (!SwapsSides(decoded.orientation)) {
    return Mirror(stored, image, decoded.orientation, request.allowance);
  }
  std::uint8_t* const turned =
      request.scratch.TakeBeside(image.stride * static_cast<std::size_t>(image.height));
  if (auto done = Turn(stored, reinterpret_cast<Pixel<kChannels>*>(turned), image,
                       decoded.orientation, request.allowance);
      !done) {
    return done;
  }
  image.data = turned;
  std::swap(image.width, image.height);
  image.stride = static_cast<std::size_t>(image.width) * kChannels;
  return {};
}

}  // namespace

bool SwapsSides(int orientation) { return orientation >= 5; }

std::uint64_t TurnBytes(int orientation, std::uint64_t pixel_bytes) {
  return SwapsSides(orientation) ? pixel_bytes : 0;
}

base::Result<void> Orient(const DecodeRequest& request, Decoded& decoded) {
  if (decoded.orientation == 1) return {};
  return decoded.image.format == frame::PixelFormat::kGray8 ? OrientPixels<1>(request, decoded)
                                                            : OrientPixels<3>(request, decoded);
}

frame::Image OrientedCopy(const frame::Image& image, int orientation, base::ByteBuffer& bytes) {
  const auto channels = static_cast<std::ptrdiff_t>(frame::Channels(image.format));
  const auto stride = static_cast<std::ptrdiff_t>(image.stride);
  frame::Image copy = image;
  if (SwapsSides(orientation)) std::swap(copy.width, copy.height);
  copy.stride = static_cast<std::size_t>(copy.width) * static_cast<std::size_t>(channels);
  bytes.resize(copy.stride * static_cast<std::size_t>(copy.height));
  copy.data = bytes.data();
  if (orientation == 1) {
    for (int y = 0; y < image.height; ++y) {
      std::memcpy(bytes.data() + static_cast<std::size_t>(y) * copy.stride, image.Row(y),
                  copy.stride);
    }
    return copy;
  }
  // Where the first pixel of the copy comes from, and its neighbours to the right and below.
  const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const std::uint8_t* first = image.data + (from_right ? (image.width - 1) * channels : 0) +
                              (from_below ? (image.height - 1) * stride : 0);
  const std::ptrdiff_t along_row = from_right ? -channels : channels;
  const std::ptrdiff_t along_column = from_below ? -stride : stride;
  const std::ptrdiff_t right = SwapsSides(orientation) ? along_column : along_row;
  const std::ptrdiff_t below = SwapsSides(orientation) ? along_row : along_column;
  std::uint8_t* to = bytes.data();
  for (int y = 0; y < copy.height; ++y, first += below) {
    const std::uint8_t* from = first;
    for (int x = 0; x < copy.width; ++x, from += right, to += channels) {
      std::copy_n(from, channels, to);
    }
  }
  return copy;
}

}  // namespace sampleproc::codec
