#include "files/name_text.h"

#include <algorithm>
#include <cstddef>

#include "json/utf8.h"

namespace sampleproc::files {
namespace {

bool IsCapitalHex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

bool LooksLikeByte(std::string_view text) {
  return text.size() >= 4 && text.starts_with("\\x") && IsCapitalHex(text[2]) &&
         IsCapitalHex(text[3]);
}

}  // namespace

std::string NameAsText(std::string_view name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(name.size());
  for (std::size_t at = 0; at < name.size();) {
    const std::string_view rest = name.substr(at);
    const std::size_t length = LooksLikeByte(rest) ? 0 : json::Utf8SequenceLength(rest);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(rest.front());
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 0x0F];
    } else {
      text += rest.substr(0, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return text;
}

}  // namespace sampleproc::files
