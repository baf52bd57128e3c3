#include "codec/vp8l_header.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr int kLongestCode = 15;
constexpr std::uint32_t kLiterals = 256;
constexpr std::uint32_t kLengthCodes = 24;
constexpr std::uint32_t kDistanceCodes = 40;
constexpr std::uint32_t kLargestCacheBits = 11;
constexpr std::uint32_t kPixelsPerCheck = 1u << 16;

// The lowest bit of a byte comes first. Behind the end zeros are read and `ended` is set.
class BitReader {
 public:
  explicit BitReader(base::ByteView bytes) : bytes_(bytes) {}

  std::uint32_t Read(std::uint32_t count) {
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < count; ++i, ++at_) {
      if (at_ / 8 >= bytes_.size()) {
        ended_ = true;
        return value;
      }
      value |= static_cast<std::uint32_t>(bytes_[at_ / 8] >> at_ % 8 & 1) << i;
    }
    return value;
  }
  bool ended() const { return ended_; }

 private:
  const base::ByteView bytes_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// A canonical prefix code. With one symbol it takes no bits.
class PrefixCode {
 public:
  // False when the lengths are no complete code.
  bool Build(std::span<const std::uint8_t> lengths) {
    counts_.fill(0);
    symbols_.clear();
    for (std::uint8_t length = 1; length <= kLongestCode; ++length) {
      for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] != length) continue;
        ++counts_[length];
        symbols_.push_back(static_cast<std::uint16_t>(symbol));
      }
    }
    std::int32_t open = 1;
    for (std::size_t length = 1; length <= kLongestCode; ++length) {
      open = 2 * open - counts_[length];
      if (open < 0) return false;
    }
    return symbols_.size() == 1 || (open == 0 && !symbols_.empty());
  }

  std::uint32_t Decode(BitReader& bits) const {
    if (symbols_.size() == 1) return symbols_[0];
    std::int32_t code = 0;
    std::int32_t first = 0;
    std::int32_t index = 0;
    for (std::size_t length = 1; length <= kLongestCode; ++length) {
      code |= static_cast<std::int32_t>(bits.Read(1));
      const std::int32_t count = counts_[length];
      if (code - first < count) return symbols_[static_cast<std::size_t>(index + code - first)];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return 0;  // not reached: the code is complete
  }

 private:
  std::array<std::int32_t, kLongestCode + 1> counts_{};
  std::vector<std::uint16_t> symbols_;
};

class HeaderReader {
 public:
  HeaderReader(base::ByteView stream, const base::Allowance& allowance)
      : bits_(stream), allowance_(allowance) {}

  base::Result<Vp8lHeader> Read() {
    if (bits_.Read(8) != 0x2f) return Broken();
    width_ = bits_.Read(14) + 1;
    const std::uint32_t height = bits_.Read(14) + 1;
    bits_.Read(4);
    std::uint32_t seen = 0;
    while (bits_.Read(1) != 0) {
      const std::uint32_t type = bits_.Read(2);
      if ((seen >> type & 1) != 0) return Broken();
      seen |= 1u << type;
      if (auto read = SkipTransform(type, height); !read) return std::unexpected(read.error());
    }
    Vp8lHeader header;
    const auto cache_bits = ReadCacheBits();
    if (!cache_bits) return Broken();
    header.cache_bits = *cache_bits;
    if (bits_.Read(1) != 0) {
      const auto largest = ReadBlockImage(height);
      if (!largest) return std::unexpected(largest.error());
      header.huffman_groups = *largest + 1;
    }
    if (bits_.ended()) return Broken();
    if (header.huffman_groups > kMostHuffmanGroups) {
      return Fail(ErrorCode::kInvalidFrame,
                  "the lossless WebP asks for " + std::to_string(header.huffman_groups) +
                      " sets of Huffman tables; at most " + std::to_string(kMostHuffmanGroups) +
                      " are allowed");
    }
    return header;
  }

 private:
  static std::unexpected<base::Error> Broken() {
    return Fail(ErrorCode::kInvalidFrame,
                "the WebP is truncated or corrupt: its lossless header is broken");
  }

  base::Result<void> SkipTransform(std::uint32_t type, std::uint32_t height) {
    constexpr std::uint32_t kSubtractGreen = 2;
    constexpr std::uint32_t kColourIndexing = 3;
    if (type == kSubtractGreen) return {};
    if (type != kColourIndexing) {
      const auto read = ReadBlockImage(height);
      return read ? base::Result<void>() : std::unexpected(read.error());
    }
    const std::uint32_t colours = bits_.Read(8) + 1;
    if (auto read = ReadImage(colours); !read) return std::unexpected(read.error());
    // Few colours are packed, several pixels to one.
    const std::uint32_t shift = colours > 16 ? 0 : colours > 4 ? 1 : colours > 2 ? 2 : 3;
    width_ = Blocks(width_, shift);
    return {};
  }

  static std::uint32_t Blocks(std::uint32_t side, std::uint32_t shift) {
    return (side + (1u << shift) - 1) >> shift;
  }

  // An image with one pixel for each square block of the picture.
  base::Result<std::uint32_t> ReadBlockImage(std::uint32_t height) {
    const std::uint32_t shift = bits_.Read(3) + 2;
    return ReadImage(Blocks(width_, shift) * Blocks(height, shift));
  }

  std::optional<std::uint32_t> ReadCacheBits() {
    if (bits_.Read(1) == 0) return 0;
    const std::uint32_t cache_bits = bits_.Read(4);
    if (cache_bits < 1 || cache_bits > kLargestCacheBits) return std::nullopt;
    return cache_bits;
  }

  // Passes over an image without sets; the largest number in red and green of its pixels.
  base::Result<std::uint32_t> ReadImage(std::uint32_t pixels) {
    const auto cache_bits = ReadCacheBits();
    if (!cache_bits) return Broken();
    const std::uint32_t cache = *cache_bits == 0 ? 0 : 1u << *cache_bits;
    PrefixCode green, red, blue, alpha, distance;
    if (!ReadCode(green, kLiterals + kLengthCodes + cache) || !ReadCode(red, kLiterals) ||
        !ReadCode(blue, kLiterals) || !ReadCode(alpha, kLiterals) ||
        !ReadCode(distance, kDistanceCodes)) {
      return Broken();
    }
    std::uint32_t largest = 0;
    std::uint32_t next_check = 0;
    for (std::uint32_t at = 0; at < pixels;) {
      if (at >= next_check) {
        if (auto allowed = allowance_.Check("decoding"); !allowed) {
          return std::unexpected(allowed.error());
        }
        if (bits_.ended()) return Broken();
        next_check = at + kPixelsPerCheck;
      }
      const std::uint32_t symbol = green.Decode(bits_);
      if (symbol < kLiterals) {
        largest = std::max(largest, red.Decode(bits_) << 8 | symbol);
        blue.Decode(bits_);
        alpha.Decode(bits_);
        ++at;
      } else if (symbol < kLiterals + kLengthCodes) {
        at += ReadPrefixed(symbol - kLiterals);
        ReadPrefixed(distance.Decode(bits_));
      } else {
        ++at;
      }
    }
    return largest;
  }

  // A length or distance: its prefix says how many bits follow.
  std::uint32_t ReadPrefixed(std::uint32_t prefix) {
    if (prefix < 4) return prefix + 1;
    const std::uint32_t extra = (prefix - 2) >> 1;
    return ((2 + (prefix & 1)) << extra) + bits_.Read(extra) + 1;
  }

  bool ReadCode(PrefixCode& code, std::uint32_t alphabet) {
    std::vector<std::uint8_t> lengths(alphabet, 0);
    const bool read = bits_.Read(1) != 0 ? ReadSimpleLengths(lengths) : ReadLengths(lengths);
    return read && code.Build(lengths) && !bits_.ended();
  }

  bool ReadSimpleLengths(std::span<std::uint8_t> lengths) {
    const std::uint32_t symbols = bits_.Read(1) + 1;
    const std::uint32_t first_bits = bits_.Read(1) != 0 ? 8 : 1;
    for (std::uint32_t i = 0; i < symbols; ++i) {
      const std::uint32_t symbol = bits_.Read(i == 0 ? first_bits : 8);
      if (symbol < lengths.size()) lengths[symbol] = 1;
    }
    return true;
  }

  bool ReadLengths(std::span<std::uint8_t> lengths) {
    constexpr std::array<std::uint8_t, 19> kOrder = {17, 18, 0, 1,  2,  3,  4,  5,  16, 6,
                                                     7,  8,  9, 10, 11, 12, 13, 14, 15};
    std::array<std::uint8_t, kOrder.size()> of_lengths{};
    const std::uint32_t given = bits_.Read(4) + 4;
    for (std::uint32_t i = 0; i < given; ++i) {
      of_lengths[kOrder[i]] = static_cast<std::uint8_t>(bits_.Read(3));
    }
    PrefixCode code;
    if (!code.Build(of_lengths)) return false;
    std::uint32_t tokens = static_cast<std::uint32_t>(lengths.size());
    if (bits_.Read(1) != 0) {
      const std::uint32_t size = 2 + 2 * bits_.Read(3);
      tokens = 2 + bits_.Read(size);
      if (tokens > lengths.size()) return false;
    }
    std::uint8_t previous = 8;
    for (std::size_t at = 0; at < lengths.size() && tokens > 0; --tokens) {
      const std::uint32_t token = code.Decode(bits_);
      if (token < 16) {
        lengths[at++] = static_cast<std::uint8_t>(token);
        if (token != 0) previous = static_cast<std::uint8_t>(token);
        continue;
      }
      const std::uint32_t repeat = token == 16   ? 3 + bits_.Read(2)
                                   : token == 17 ? 3 + bits_.Read(3)
                                                 : 11 + bits_.Read(7);
      if (repeat > lengths.size() - at) return false;
      std::fill_n(lengths.begin() + static_cast<std::ptrdiff_t>(at), repeat,
                  token == 16 ? previous : std::uint8_t{0});
      at += repeat;
    }
    return true;
  }

  BitReader bits_;
  const base::Allowance& allowance_;
  std::uint32_t width_ = 0;  // of the pixels, after packing
};

}  // namespace

base::Result<Vp8lHeader> ReadVp8lHeader(base::ByteView stream, const base::Allowance& allowance) {
  return HeaderReader(stream, allowance).Read();
}

}  // namespace sampleproc::codec
