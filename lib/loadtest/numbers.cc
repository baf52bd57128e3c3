#include "loadtest/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace sampleproc::loadtest {

std::string FormatNumber(double value) {
  const double size = std::fabs(value);
  const int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  std::string out = FormatFixed(value, decimals);
  if (decimals == 0) return out;
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string FormatLatency(double value, std::string_view unit) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return "failed";
  return FormatNumber(value).append(unit);
}

std::string FormatFixed(double value, int decimals) {
  std::array<char, 400> text;  // the largest double has 309 digits
  const int size = std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string Printable(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  bool after_c2 = false;  // U+0080 to U+009F are controls, too
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_control =
        byte < 0x20 || byte == 0x7f || (after_c2 && byte >= 0x80 && byte < 0xa0);
    after_c2 = byte == 0xc2;
    if (!is_control) {
      out += c;
    } else {
      out.append("\\x") += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string PadLeft(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ').append(text);
}

}  // namespace sampleproc::loadtest
