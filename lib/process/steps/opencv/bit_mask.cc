#include "process/steps/opencv/bit_mask.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace sampleproc::process::opencv {
namespace {

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest one");

// The highest bits of eight bytes, the first byte's lowest.
std::uint64_t HighBits(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  // Each product of a byte's bit and the constant's bits lands in the top byte at one place only.
  return ((word >> 7 & 0x0101010101010101u) * 0x0102040810204080u) >> 56;
}

}  // namespace

BitMask::BitMask(const std::uint8_t* data, std::size_t stride, int width, int height)
    : width_(width),
      height_(height),
      pitch_(static_cast<std::size_t>((width + kWordBits - 1) / kWordBits) + 1),
      bits_(1 + pitch_ * static_cast<std::size_t>(height)) {
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* const row = data + static_cast<std::size_t>(y) * stride;
    std::uint64_t* const to = bits_.data() + RowAt(y);
    int x = 0;
    for (; x + 8 <= width; x += 8) to[x / kWordBits] |= HighBits(row + x) << x % kWordBits;
    for (; x < width; ++x) to[x / kWordBits] |= std::uint64_t{row[x] >= 128} << x % kWordBits;
  }
}

int BitMask::Count() const {
  return std::accumulate(bits_.begin(), bits_.end(), 0,
                         [](int sum, std::uint64_t word) { return sum + std::popcount(word); });
}

BitMask BitMask::Opened() const {
  constexpr Window kSquare{.left = 1, .right = 0, .up = 1, .down = 0};
  return All(kSquare).Any(kSquare);
}

BitMask BitMask::Closed() const {
  constexpr Window kTall{.left = 2, .right = 2, .up = 4, .down = 4};
  return Any(kTall).All(kTall);
}

BitMask BitMask::Any(const Window& window) const {
  // The empty words between the rows keep them apart: what is shifted out of one ends there.
  BitMask wide = *this;
  const std::size_t end = bits_.size() - 1;
  for (int by = 1; by <= window.left; ++by) {
    for (std::size_t i = 1; i < end; ++i) {
      wide.bits_[i] |= bits_[i] << by | bits_[i - 1] >> (kWordBits - by);
    }
  }
  for (int by = 1; by <= window.right; ++by) {
    for (std::size_t i = 1; i < end; ++i) {
      wide.bits_[i] |= bits_[i] >> by | bits_[i + 1] << (kWordBits - by);
    }
  }
  wide.ClearPastWidth();
  BitMask tall = wide;
  const auto rows_of = [&](int count) { return static_cast<std::size_t>(count) * pitch_; };
  for (int by = 1; by <= std::min(window.up, height_ - 1); ++by) {
    for (std::size_t i = rows_of(by); i < bits_.size(); ++i) {
      tall.bits_[i] |= wide.bits_[i - rows_of(by)];
    }
  }
  for (int by = 1; by <= std::min(window.down, height_ - 1); ++by) {
    for (std::size_t i = rows_of(by); i < bits_.size(); ++i) {
      tall.bits_[i - rows_of(by)] |= wide.bits_[i];
    }
  }
  return tall;
}

BitMask BitMask::All(const Window& window) const { return Inverted().Any(window).Inverted(); }

BitMask BitMask::Inverted() const {
  BitMask inverted = *this;
  for (std::uint64_t& word : inverted.bits_) word = ~word;
  inverted.ClearPastWidth();
  return inverted;
}

void BitMask::ClearPastWidth() {
  const int used = width_ % kWordBits;
  const std::uint64_t kept = used == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << used) - 1;
  bits_[0] = 0;
  for (std::size_t i = pitch_; i < bits_.size(); i += pitch_) {
    bits_[i - 1] &= kept;
    bits_[i] = 0;
  }
}

}  // namespace sampleproc::process::opencv
