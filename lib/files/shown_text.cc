#include "files/shown_text.h"

#include <algorithm>

#include "base/html.h"
#include "json/utf8.h"

namespace sampleproc::files {
namespace {

// Unicode's controls, C0 and C1, those of direction (marks, embeddings, overrides, isolates), and
// blanks that have no width.
bool IsControl(std::string_view character) {
  const auto byte = [character](std::size_t at) {
    return static_cast<unsigned char>(character[at]);
  };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character == "\u061C" || character == "\u200B" || character == "\uFEFF") return true;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80)
    return byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xA8 && byte(2) <= 0xAE);
  return byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
}

}  // namespace

std::string ShownText(std::string_view text, std::size_t most) {
  constexpr std::string_view kNone = "\xEF\xBF\xBD";
  std::string shown;
  std::size_t at = 0;
  while (at < text.size() && at < most) {
    const std::string_view rest = text.substr(at);
    const std::size_t length = json::Utf8SequenceLength(rest);
    const std::string_view character = rest.substr(0, length);
    shown += length == 0 || IsControl(character) ? kNone : character;
    at += std::max<std::size_t>(length, 1);
  }
  if (at < text.size()) shown += "\u2026";
  return base::EscapeHtml(shown);
}

}  // namespace sampleproc::files
