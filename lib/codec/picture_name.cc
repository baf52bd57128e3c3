#include "codec/picture_name.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"

namespace sampleproc::codec {

bool IsPictureName(std::string_view path) {
  constexpr std::array<std::string_view, 7> kEndings = {".jpg", ".jpeg", ".jpe", ".jfif",
                                                        ".png", ".webp", ".npy"};
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  return std::ranges::find(kEndings, base::Lowercase(name.substr(dot))) != kEndings.end();
}

}  // namespace sampleproc::codec
