// Numbers among the bytes of a TIFF structure, as Exif and MPF have one in a JPEG's segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sampleproc::base {

//   "II*\0" or "MM\0*" (byte order) | place of the first directory(4)
//   directory: entries(2) { tag(2) type(2) count(4) value or its place(4) } * entries
class TiffReader {
 public:
  static constexpr std::size_t kHeaderBytes = 8;
  static constexpr std::size_t kEntryBytes = 12;

  // Nothing when the structure's header is none.
  static std::optional<TiffReader> Of(ByteView tiff) {
    using namespace std::string_view_literals;
    const bool big_endian = AsText(tiff).starts_with("MM\0*"sv);
    if (tiff.size() < kHeaderBytes || (!big_endian && !AsText(tiff).starts_with("II*\0"sv))) {
      return std::nullopt;
    }
    return TiffReader(tiff, big_endian);
  }

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

  // Where the first directory's entry of that tag is, whole; `broken` when the directory is before
  // it, nothing when it has no such entry.
  std::optional<std::size_t> Find(std::uint32_t tag, bool& broken) const {
    const std::size_t directory = Number(4, 4);
    broken = directory < kHeaderBytes || !Has(directory, 2);
    if (broken) return std::nullopt;
    const std::size_t entries = Number(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t entry = directory + 2 + i * kEntryBytes;
      broken = !Has(entry, kEntryBytes);
      if (broken) return std::nullopt;
      if (Number(entry, 2) == tag) return entry;
    }
    return std::nullopt;
  }

 private:
  TiffReader(ByteView bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  ByteView bytes_;
  bool big_endian_;
};

}  // namespace sampleproc::base
