#include "frame/raw_description.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "base/suggest.h"

namespace sampleproc::frame {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"bgr24", "rgb24", "gray8", "gray16le",
                                                    "nv12",  "yuyv",  "f32"};

}  // namespace

std::optional<RawFormat> FindRawFormat(std::string_view name) {
  const auto found = std::ranges::find_if(kNames, [name](std::string_view known) {
    return std::ranges::equal(known, name, {}, {}, base::ToLower);
  });
  if (found == kNames.end()) return std::nullopt;
  return static_cast<RawFormat>(found - kNames.begin());
}

std::string_view RawFormatName(RawFormat format) {
  return kNames[static_cast<std::size_t>(format)];
}

std::span<const std::string_view> RawFormatNames() { return kNames; }

std::string NoRawFormat(std::string_view word) {
  constexpr std::size_t kLongest = 60;
  const std::string typed = base::Lowercase(word);
  const auto begun = std::ranges::find_if(kNames, [&typed](std::string_view known) {
    return !typed.empty() && known.starts_with(typed);
  });
  const std::string_view meant = begun == kNames.end() ? base::Suggest(typed, kNames) : *begun;
  std::string text = "\"";
  for (const char c : word.substr(0, kLongest)) text += c >= ' ' && c <= '~' ? c : '?';
  text += word.size() > kLongest ? "...\" is no format" : "\" is no format";
  if (!meant.empty()) text.append(", did you mean ").append(meant).append("?");
  return text;
}

std::optional<std::uint32_t> ParseRawSide(std::string_view digits) {
  if (digits.empty() || digits.front() < '1' || digits.front() > '9') return std::nullopt;
  std::uint32_t side = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, side);
  if (error != std::errc() || stop != end || side > kMaxRawSide) return std::nullopt;
  return side;
}

std::optional<RawDescription> ParseRawDescription(std::string_view text) {
  const std::size_t x = text.find('x');
  const std::size_t colon = text.find(':');
  if (x == std::string_view::npos || colon == std::string_view::npos || colon < x) {
    return std::nullopt;
  }
  const auto width = ParseRawSide(text.substr(0, x));
  const auto height = ParseRawSide(text.substr(x + 1, colon - x - 1));
  const auto format = FindRawFormat(text.substr(colon + 1));
  if (!width || !height || !format) return std::nullopt;
  const RawDescription description{*format, *width, *height};
  if (!RawBytes(description)) return std::nullopt;
  return description;
}

std::optional<std::uint64_t> RawBytes(const RawDescription& description) {
  if (description.width == 0 || description.height == 0) return std::nullopt;
  const std::uint64_t pixels = std::uint64_t{description.width} * description.height;
  const bool odd_width = description.width % 2 != 0;
  switch (description.format) {
    case RawFormat::kBgr24:
    case RawFormat::kRgb24:
      return pixels * 3;
    case RawFormat::kGray8:
      return pixels;
    case RawFormat::kGray16le:
      return pixels * 2;
    case RawFormat::kNv12:
      if (odd_width || description.height % 2 != 0) return std::nullopt;
      return pixels * 3 / 2;
    case RawFormat::kYuyv:
      if (odd_width) return std::nullopt;
      return pixels * 2;
    case RawFormat::kF32:
      return pixels * 4;
  }
  return std::nullopt;
}

}  // namespace sampleproc::frame
