#include "codec/exif.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/tiff_reader.h"

namespace sampleproc::codec {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::string_view kPrefix = "Exif\0\0"sv;
constexpr std::size_t kMostPadding = 64;

// Bytes of a value of TIFF's types BYTE, SHORT and LONG; 0 for the others, which are no numbers.
std::size_t ValueBytes(std::uint32_t type) {
  return type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
}

// Without what some writers put before the byte order: the prefix of a JPEG's segment, once more or
// in a format that has none, and zeros.
base::ByteView WithoutPadding(base::ByteView tiff) {
  std::size_t at = 0;
  while (base::AsText(tiff.subspan(at)).starts_with(kPrefix) && at < kMostPadding) {
    at += kPrefix.size();
  }
  while (at < tiff.size() && at < kMostPadding && tiff[at] == 0) ++at;
  return tiff.subspan(at);
}

// Nothing when the data is broken.
std::optional<int> FindOrientation(base::ByteView tiff) {
  const auto reader = base::TiffReader::Of(tiff);
  if (!reader) return std::nullopt;
  bool is_broken = false;
  const auto entry = reader->Find(kOrientationTag, is_broken);
  if (is_broken) return std::nullopt;
  if (!entry) return 1;
  const std::size_t bytes = ValueBytes(reader->Number(*entry + 2, 2));
  if (bytes == 0 || reader->Number(*entry + 4, 4) != 1) return std::nullopt;
  const std::uint32_t value = reader->Number(*entry + 8, bytes);
  if (value < 1 || value > 8) return std::nullopt;
  return static_cast<int>(value);
}

}  // namespace

int OrientationFromExif(base::ByteView tiff, std::vector<frame::Warning>& warnings) {
  if (tiff.empty()) return 1;
  const std::optional<int> orientation = FindOrientation(WithoutPadding(tiff));
  return orientation ? *orientation : OrientationOfDamagedExif(warnings);
}

int OrientationOfDamagedExif(std::vector<frame::Warning>& warnings) {
  warnings.push_back({"exif_invalid",
                      "the EXIF data is broken or gives an orientation that is not 1 to 8; the "
                      "picture is used as it is stored"});
  return 1;
}

}  // namespace sampleproc::codec
