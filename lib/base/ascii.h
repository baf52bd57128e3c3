// Classes of ASCII characters, as protocols define them: no locale, no other bytes.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::base {

constexpr bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The small letter of a capital one; any other byte as it is.
constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `text` in small letters.
inline std::string Lowercase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

// `text` as one segment of a URL's path: all but the unreserved characters of RFC 3986 as %XX.
inline std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (IsAlnum(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    ((encoded += '%') += kHex[byte >> 4]) += kHex[byte & 15];
  }
  return encoded;
}

// The white space within a line: space and tab.
constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// `text` without blanks at its ends.
constexpr std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sampleproc::base
