// A mask of one bit a pixel, and the two operations that clean a mask of what moved: 64 pixels a
// word, and the same pixels as OpenCV's on bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sampleproc::process::opencv {

// Row y is Row(y)[0 .. words()): the pixel x is the bit x % 64 of word x / 64. Bits past the width
// are 0. May throw std::bad_alloc.
class BitMask {
 public:
  static constexpr int kWordBits = 64;

  // The pixels of 128 and more of a picture whose rows start `stride` bytes apart.
  BitMask(const std::uint8_t* data, std::size_t stride, int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }
  std::size_t words() const { return pitch_ - 1; }
  const std::uint64_t* Row(int y) const { return bits_.data() + RowAt(y); }

  // Pixels that are set.
  int Count() const;

  // OpenCV's MORPH_OPEN with 2x2 ones (moved down and right by one, as OpenCV does with even
  // sides): what is thinner than two pixels is gone.
  BitMask Opened() const;

  // OpenCV's MORPH_CLOSE with ones of 5 columns and 9 rows: gaps of less than that are filled.
  BitMask Closed() const;

 private:
  struct Window {
    int left, right, up, down;  // pixels beside the one in question
  };

  // Each pixel set where any, or all, of the window around it are; nothing is set outside of the
  // picture for the former, everything for the latter.
  BitMask Any(const Window& window) const;
  BitMask All(const Window& window) const;
  BitMask Inverted() const;
  void ClearPastWidth();
  std::size_t RowAt(int y) const { return 1 + static_cast<std::size_t>(y) * pitch_; }

  int width_;
  int height_;
  std::size_t pitch_;                // words of a row and an empty one after it
  std::vector<std::uint64_t> bits_;  // an empty word, then the rows
};

}  // namespace sampleproc::process::opencv
