#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace sampleproc::config {
namespace {

constexpr double kLargest = 1e15;  // of milliseconds or bytes; far above every range

using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 4> kDurationUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 10> kSizeUnits{{{"B", 1},
                                           {"kB", 1'000},
                                           {"KB", 1'000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"TB", 1'000'000'000'000},
                                           {"KiB", 1ll << 10},
                                           {"MiB", 1ll << 20},
                                           {"GiB", 1ll << 30},
                                           {"TiB", 1ll << 40}}};

// Takes a decimal number (no exponent) off the front of `text`.
std::optional<double> TakeNumber(std::string_view& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return number;
}

// `number * unit` when that is whole, held within kLargest.
std::optional<std::int64_t> Whole(double number, std::int64_t unit) {
  const double product = number * static_cast<double>(unit);
  if (std::abs(product) >= kLargest) {
    return static_cast<std::int64_t>(product < 0 ? -kLargest : kLargest);
  }
  // 0.29 * 1000 is not exactly 290: a millionth is taken as rounding of the product.
  const double whole = std::round(product);
  if (std::abs(product - whole) > 1e-6) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

template <std::size_t N>
std::optional<std::int64_t> FindUnit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.first == name) return unit.second;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text,
                                                       std::chrono::milliseconds plain_unit) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  for (bool first = true; !text.empty(); first = false) {
    const std::optional<double> number = TakeNumber(text);
    if (!number) return std::nullopt;
    const std::size_t letters = std::min(text.find_first_of("0123456789.-"), text.size());
    std::optional<std::int64_t> unit = FindUnit(kDurationUnits, text.substr(0, letters));
    if (first && text.empty()) unit = plain_unit.count();
    if (!unit) return std::nullopt;
    const std::optional<std::int64_t> part = Whole(*number, *unit);
    if (!part || (!first && *number < 0)) return std::nullopt;
    total = std::min(total + *part, static_cast<std::int64_t>(kLargest));
    text.remove_prefix(letters);
  }
  return std::chrono::milliseconds(total);
}

std::optional<std::int64_t> ParseSize(std::string_view text, std::int64_t plain_unit) {
  const std::optional<double> number = TakeNumber(text);
  if (!number) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  const std::optional<std::int64_t> unit = text.empty() ? plain_unit : FindUnit(kSizeUnits, text);
  if (!unit) return std::nullopt;
  return Whole(*number, *unit);
}

std::optional<bool> ParseBool(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") return true;
  if (lower == "false" || lower == "0" || lower == "no" || lower == "off") return false;
  return std::nullopt;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<double> ParseReal(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (auto unit = kDurationUnits.rbegin(); unit != kDurationUnits.rend(); ++unit) {
    if (count % unit->second == 0) {
      return std::to_string(count / unit->second) + std::string(unit->first);
    }
  }
  return std::to_string(count) + "ms";
}

std::string FormatSize(std::int64_t bytes) {
  for (auto unit = kSizeUnits.rbegin(); unit != kSizeUnits.rend() && unit->second % 1024 == 0;
       ++unit) {
    if (bytes != 0 && bytes % unit->second == 0) {
      return std::to_string(bytes / unit->second) + std::string(unit->first);
    }
  }
  return std::to_string(bytes);
}

std::string FormatReal(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::string(text.data(), end) : std::string("nan");
}

}  // namespace sampleproc::config
