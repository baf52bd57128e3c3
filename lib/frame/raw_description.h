// What the sender of pixels without a header says of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sampleproc::frame {

// Rows from the top, packed; all numbers little endian.
enum class RawFormat : std::uint8_t {
  kBgr24,     // bytes blue, green, red
  kRgb24,     // bytes red, green, blue
  kGray8,     // one byte, 0..255
  kGray16le,  // 16 bits, 0..65535
  kNv12,      // a plane of Y, then one of U and V in turn, each for 2x2 pixels; even sides
  kYuyv,      // Y U Y V for two pixels; even width
  kF32,       // one IEEE 754 single, 0..1
};

constexpr std::uint32_t kMaxRawSide = 65535;
constexpr std::string_view kRawSideRule = "must be an integer from 1 to 65535";

struct RawDescription {
  RawFormat format = RawFormat::kGray8;
  std::uint32_t width = 0;  // 1..kMaxRawSide, 0 when the sender did not say
  std::uint32_t height = 0;
  bool certain = false;  // the bytes are such pixels, whatever they look like

  bool operator==(const RawDescription&) const = default;
};

// "bgr24 rgb24 gray8 gray16le nv12 yuyv f32", in either case; nothing for any other word.
std::optional<RawFormat> FindRawFormat(std::string_view name);
std::string_view RawFormatName(RawFormat format);
// Of all of them.
std::span<const std::string_view> RawFormatNames();

// "\"bgr\" is no format, did you mean bgr24?", for a word that is none; printable ASCII, cut.
std::string NoRawFormat(std::string_view word);

// A side written in decimal digits, 1..kMaxRawSide without leading zeros; else nothing.
std::optional<std::uint32_t> ParseRawSide(std::string_view digits);

// "640x480:bgr24"; nothing for anything else, also for sides that the format cannot have.
std::optional<RawDescription> ParseRawDescription(std::string_view text);

// The exact number of bytes such pixels have; nothing when a side is missing or odd where it must
// be even.
std::optional<std::uint64_t> RawBytes(const RawDescription& description);

}  // namespace sampleproc::frame
