#include "frame/frame_text.h"

#include <string>

#include "json/utf8.h"

namespace sampleproc::frame {
namespace {

// In UTF-8 the C1 controls U+0080..U+009F are C2 80..C2 9F. `text` is well-formed.
bool HasControlCharacter(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0) return true;
  }
  return false;
}

}  // namespace

std::optional<base::Problem> CheckText(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return base::Problem{"too_long",
                         {},
                         "has " + std::to_string(text.size()) + " bytes; at most " +
                             std::to_string(max_bytes) + " are allowed"};
  }
  if (json::FindInvalidUtf8(text) != text.npos)
    return base::Problem{"unicode", {}, "must be well-formed UTF-8"};
  if (HasControlCharacter(text)) {
    return base::Problem{"control_character", {}, "must not contain control characters"};
  }
  return std::nullopt;
}

std::optional<base::Problem> CheckCameraId(std::string_view id) {
  if (id == "." || id == "..") {
    return base::Problem{"dot_segment",
                         {},
                         "must not be \".\" or \"..\": no URL can have that as a part of its path"};
  }
  return CheckText(id, kMaxIdBytes);
}

}  // namespace sampleproc::frame
