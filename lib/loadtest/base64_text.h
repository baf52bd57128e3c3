// Bytes as base64 (RFC 4648 section 4), with padding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sampleproc::loadtest {

inline std::string Base64Text(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const char byte = k < count ? bytes[i + k] : '\0';
      group = group << 8 | static_cast<std::uint8_t>(byte);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace sampleproc::loadtest
