#include "codec/jpeg_damage.h"

#include <algorithm>
#include <string>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

// The decoder has up to 8 bytes in hand that it has not used.
constexpr std::size_t kInHand = 8;
constexpr std::size_t kFewZeros = 2 * kInHand;

// Webcams put some ten bytes before a marker.
constexpr std::size_t kFewBytes = 64;
constexpr std::size_t kSmallShare = 16;  // one part of so many

// Where the data begins that ends at `end`: behind the marker or segment before it.
std::size_t DataBegin(base::ByteView encoded, std::size_t end) {
  for (std::size_t at = end; at >= 2; --at) {
    if (encoded[at - 2] == 0xff && encoded[at - 1] != 0 && encoded[at - 1] != 0xff) return at;
  }
  return 0;
}

bool IsRestartAt(base::ByteView data, std::size_t at) {
  return at + 1 < data.size() && data[at] == 0xff && (data[at + 1] & 0xf8) == 0xd0;
}

}  // namespace

base::Result<void> CheckLeftOver(base::ByteView encoded, const LeftOver& left) {
  const base::ByteView used = encoded.first(left.begin);
  const base::ByteView rest = encoded.subspan(left.begin, left.end - left.begin);
  const auto is_data = [](std::uint8_t byte) { return byte != 0; };
  const auto zeros_before = std::find_if(used.rbegin(), used.rend(), is_data) - used.rbegin();
  const auto zeros_behind = std::ranges::find_if(rest, is_data) - rest.begin();
  if (static_cast<std::size_t>(zeros_before) > kFewZeros &&
      static_cast<std::size_t>(zeros_behind) > kInHand) {
    return Fail(ErrorCode::kInvalidFrame,
                "the JPEG is torn: it has " + std::to_string(zeros_before + zeros_behind) +
                    " zeros from byte " +
                    std::to_string(left.begin - static_cast<std::size_t>(zeros_before)) +
                    " on, where its picture data has to be");
  }
  if (left.is_trailer) return {};
  const auto count = static_cast<std::size_t>(std::ranges::count_if(rest, is_data));
  const std::size_t length = left.end - DataBegin(encoded, left.begin);
  if (count > kFewBytes && count > length / kSmallShare) {
    return Fail(ErrorCode::kInvalidFrame, "the JPEG is corrupt: its rows are complete " +
                                              std::to_string(rest.size()) +
                                              " bytes before the end of its picture data");
  }
  return {};
}

std::size_t LongestZeroRun(std::span<const ZeroCode> components) {
  std::size_t mcu_bits = 0;
  bool is_flat = true;
  std::size_t mcus = kAnyRun;  // that may follow one another
  for (const ZeroCode& code : components) {
    const unsigned run = code.ac_symbol >> 4;
    const unsigned size = code.ac_symbol & 15;
    // The block ends with the code word, or goes on to the last of its 63 coefficients.
    const bool ends = size == 0 && run != 15;
    const std::size_t words = ends ? 1 : (63 + run) / (run + 1);
    is_flat = is_flat && ends;
    mcu_bits += code.blocks * (code.dc_length + code.dc_size + words * (code.ac_length + size));
    if (code.dc_size == 0) continue;
    constexpr std::size_t kDifferences = 2048;
    const std::size_t step = (std::size_t{1} << std::min(code.dc_size, 11u)) - 1;
    mcus = std::min(mcus, kDifferences / (step * std::max(code.blocks, 1u)) + 1);
  }
  if (!is_flat) mcus = 2;
  return mcus == kAnyRun ? kAnyRun : mcus * mcu_bits / 8 + kFewZeros;
}

base::Result<void> CheckZeroRuns(base::ByteView data, std::size_t longest) {
  if (longest >= data.size()) return {};
  // Of a longer run at least one of these places is a part.
  for (std::size_t at = longest; at < data.size(); at += longest + 1) {
    if (data[at] != 0) continue;
    std::size_t begin = at;
    std::size_t end = at;
    while (begin > 0 && data[begin - 1] == 0) --begin;
    while (end < data.size() && data[end] == 0) ++end;
    if (end - begin > longest && !IsRestartAt(data, end)) {
      return Fail(ErrorCode::kInvalidFrame, "the JPEG is corrupt: its picture data has " +
                                                std::to_string(end - begin) +
                                                " zeros in a row, which its code cannot have");
    }
    at = std::max(at, end - std::min(end, longest + 1));
  }
  return {};
}

}  // namespace sampleproc::codec
