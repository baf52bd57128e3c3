#include "codec/exif.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sampleproc::codec {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kEntryBytes = 12;
constexpr std::uint32_t kOrientationTag = 0x0112;
constexpr std::string_view kPrefix = "Exif\0\0"sv;
constexpr std::size_t kMostPadding = 64;

// Bytes of a value of TIFF's types BYTE, SHORT and LONG; 0 for the others, which are no numbers.
std::size_t ValueBytes(std::uint32_t type) {
  return type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
}

class TiffReader {
 public:
  TiffReader(base::ByteView bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  bool Has(std::size_t at, std::size_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  // The caller has asked Has.
  std::uint32_t Number(std::size_t at, std::size_t bytes) const {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      number = number << 8 | bytes_[at + (big_endian_ ? i : bytes - 1 - i)];
    }
    return number;
  }

 private:
  const base::ByteView bytes_;
  const bool big_endian_;
};

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
  const bool big_endian = base::AsText(tiff).starts_with("MM\0*"sv);
  if (!big_endian && !base::AsText(tiff).starts_with("II*\0"sv)) return std::nullopt;
  const TiffReader reader(tiff, big_endian);
  if (!reader.Has(0, kHeaderBytes)) return std::nullopt;
  const std::size_t directory = reader.Number(4, 4);
  if (directory < kHeaderBytes || !reader.Has(directory, 2)) return std::nullopt;
  const std::size_t entries = reader.Number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (!reader.Has(entry, kEntryBytes)) return std::nullopt;
    if (reader.Number(entry, 2) != kOrientationTag) continue;
    const std::size_t bytes = ValueBytes(reader.Number(entry + 2, 2));
    if (bytes == 0 || reader.Number(entry + 4, 4) != 1) return std::nullopt;
    const std::uint32_t value = reader.Number(entry + 8, bytes);
    if (value < 1 || value > 8) return std::nullopt;
    return static_cast<int>(value);
  }
  return 1;
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
