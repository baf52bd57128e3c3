#include "codec/sample_array.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "codec/luma.h"

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

// Samples converted between two looks at the clock: well under a millisecond.
constexpr std::size_t kSamplesPerCheck = 1u << 16;

struct ReadU8 {
  static constexpr std::size_t kBytes = 1;
  static bool Read(const std::uint8_t* from, std::uint8_t& to) {
    to = *from;
    return true;
  }
};

template <bool kBigEndian>
struct ReadU16 {
  static constexpr std::size_t kBytes = 2;
  static bool Read(const std::uint8_t* from, std::uint8_t& to) {
    const unsigned value = kBigEndian ? static_cast<unsigned>(from[0] << 8 | from[1])
                                      : static_cast<unsigned>(from[1] << 8 | from[0]);
    to = static_cast<std::uint8_t>((value + 128) / 257);
    return true;
  }
};

template <bool kBigEndian>
struct ReadF32 {
  static constexpr std::size_t kBytes = 4;
  static bool Read(const std::uint8_t* from, std::uint8_t& to) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, from, sizeof bits);
    if (kBigEndian != (std::endian::native == std::endian::big)) bits = __builtin_bswap32(bits);
    const auto value = std::bit_cast<float>(bits);
    const bool allowed = value >= 0 && value <= 1;  // false for NaN
    // In double the product and the sum are exact where it matters: 24 bits by 8. So the sum rounds
    // right, without a call of lround for each sample.
    const double scaled = static_cast<double>(value) * 255.0 + 0.5;
    to = allowed ? static_cast<std::uint8_t>(scaled) : 0;
    return allowed;
  }
};

// What the conversion of some pixels came to: how many were right.
template <typename Reader, std::uint32_t kChannels, bool kToGray>
std::size_t ConvertPixels(const std::uint8_t* from, std::size_t count, bool red_first,
                          std::uint8_t* to) {
  const std::size_t blue = red_first ? 2 : 0;
  const std::size_t red = 2 - blue;
  for (std::size_t i = 0; i < count; ++i, from += kChannels * Reader::kBytes) {
    std::uint8_t sample[kChannels];
    bool right = true;
    for (std::size_t c = 0; c < kChannels; ++c) {
      right &= Reader::Read(from + c * Reader::kBytes, sample[c]);
    }
    if (!right) return i;
    if constexpr (kChannels == 1) {
      for (std::size_t c = 0; c < (kToGray ? 1 : 3); ++c) *to++ = sample[0];
    } else if constexpr (kToGray) {
      *to++ = Luma(sample[red], sample[1], sample[blue]);
    } else {
      *to++ = sample[blue];
      *to++ = sample[1];
      *to++ = sample[red];
    }
  }
  return count;
}

using Converter = std::size_t (*)(const std::uint8_t*, std::size_t, bool, std::uint8_t*);

template <typename Reader>
Converter ConverterOf(std::uint32_t channels, bool to_gray) {
  switch (channels) {
    case 1:
      return to_gray ? &ConvertPixels<Reader, 1, true> : &ConvertPixels<Reader, 1, false>;
    case 3:
      return to_gray ? &ConvertPixels<Reader, 3, true> : &ConvertPixels<Reader, 3, false>;
    default:
      return to_gray ? &ConvertPixels<Reader, 4, true> : &ConvertPixels<Reader, 4, false>;
  }
}

Converter ConverterOf(const SampleArray& array, bool to_gray) {
  switch (array.type) {
    case SampleType::kU8:
      break;
    case SampleType::kU16:
      return array.big_endian ? ConverterOf<ReadU16<true>>(array.channels, to_gray)
                              : ConverterOf<ReadU16<false>>(array.channels, to_gray);
    case SampleType::kF32:
      return array.big_endian ? ConverterOf<ReadF32<true>>(array.channels, to_gray)
                              : ConverterOf<ReadF32<false>>(array.channels, to_gray);
  }
  return ConverterOf<ReadU8>(array.channels, to_gray);
}

}  // namespace

void WarnOfShallowSamples(const frame::Image& image, std::string_view name,
                          std::vector<frame::Warning>& warnings) {
  // 1023 and 4095 as they are scaled to 8 bits.
  constexpr std::uint8_t kLargestOf10 = 4;
  constexpr std::uint8_t kLargestOf12 = 16;
  std::uint8_t largest = 0;
  const auto row_bytes = static_cast<std::size_t>(image.width) *
                         static_cast<std::size_t>(frame::Channels(image.format));
  for (int y = 0; y < image.height && largest <= kLargestOf12; ++y) {
    const std::uint8_t* const row = image.Row(y);
    largest = std::max(largest, *std::max_element(row, row + row_bytes));
  }
  if (largest == 0 || largest > kLargestOf12) return;
  const int bits = largest <= kLargestOf10 ? 10 : 12;
  warnings.push_back(
      {"shallow_samples", "the " + std::string(name) + "'s 16-bit samples use only the lowest " +
                              std::to_string(bits) +
                              " bits, so the picture is almost black; shift them left by " +
                              std::to_string(16 - bits)});
}

base::Result<Decoded> ConvertSamples(const DecodeRequest& request, const SampleArray& array,
                                     std::string_view name) {
  const auto channels = static_cast<std::size_t>(frame::Channels(request.wanted));
  const std::size_t pixels = std::size_t{array.width} * array.height;
  auto reservation =
      ReserveForDecode(request, {.pixels = pixels, .picture_bytes = pixels * channels});
  if (!reservation) return std::unexpected(reservation.error());
  std::uint8_t* const out = request.scratch.Take(pixels * channels);

  const Converter convert = ConverterOf(array, request.wanted == frame::PixelFormat::kGray8);
  const std::size_t pixel_bytes = array.channels * SampleBytes(array.type);
  constexpr std::size_t kPart = kSamplesPerCheck / 4;
  for (std::size_t at = 0; at < pixels; at += kPart) {
    if (auto allowed = request.allowance.Check("decoding"); !allowed) {
      return std::unexpected(allowed.error());
    }
    const std::size_t count = std::min(kPart, pixels - at);
    const std::size_t right =
        convert(array.data.data() + at * pixel_bytes, count, array.red_first, out + at * channels);
    if (right == count) continue;
    return Fail(ErrorCode::kInvalidFrame,
                "the " + std::string(name) + " has, at column " +
                    std::to_string((at + right) % array.width) + " of row " +
                    std::to_string((at + right) / array.width) + ", a float that is not in 0..1");
  }

  Decoded decoded;
  decoded.image = {out, static_cast<int>(array.width), static_cast<int>(array.height),
                   array.width * channels, request.wanted};
  if (array.channels == 4) {
    decoded.warnings.push_back(
        {"alpha_ignored", "the " + std::string(name) + "'s fourth channel is ignored"});
  }
  if (array.type == SampleType::kU16) {
    WarnOfShallowSamples(decoded.image, name, decoded.warnings);
  }
  decoded.reservation = std::move(*reservation);
  return decoded;
}

}  // namespace sampleproc::codec
