// Protocol buffers on the wire, field by field, without a schema.
//
//   field  = varint(number * 8 + type) value
//   type 0: varint   1: eight bytes   2: varint length, bytes   5: four bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sampleproc::detect {

struct Field {
  std::uint32_t number = 0;
  int type = 0;
  std::uint64_t value = 0;  // of types 0, 1 and 5
  base::ByteView bytes;     // of type 2

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

// Walks over one message. Nothing is copied: the bytes must outlive the fields.
class FieldReader {
 public:
  explicit FieldReader(base::ByteView bytes) : rest_(bytes) {}

  // The next field; nothing at the end, or at a field that is none, which `damaged` tells.
  std::optional<Field> Next() {
    if (rest_.empty() || damaged_) return std::nullopt;
    const auto key = Varint();
    if (!key) return Damaged();
    Field field{static_cast<std::uint32_t>(*key >> 3u), static_cast<int>(*key & 7u), 0, {}};
    if (*key >> 3u == 0 || *key >> 32u != 0) return Damaged();
    switch (field.type) {
      case 0: {
        const auto value = Varint();
        if (!value) return Damaged();
        field.value = *value;
        return field;
      }
      case 1:
        return Fixed(field, 8);
      case 2: {
        const auto length = Varint();
        if (!length || *length > rest_.size()) return Damaged();
        field.bytes = rest_.first(static_cast<std::size_t>(*length));
        rest_ = rest_.subspan(static_cast<std::size_t>(*length));
        return field;
      }
      case 5:
        return Fixed(field, 4);
      default:
        return Damaged();
    }
  }

  bool damaged() const { return damaged_; }

  // One number of a packed list.
  std::optional<std::uint64_t> Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      value |= (byte & 0x7fu) << shift;
      if ((byte & 0x80u) == 0) return value;
    }
    damaged_ = true;
    return std::nullopt;
  }

  bool AtEnd() const { return rest_.empty(); }

 private:
  std::optional<Field> Damaged() {
    damaged_ = true;
    return std::nullopt;
  }

  std::optional<Field> Fixed(Field& field, std::size_t size) {
    if (rest_.size() < size) return Damaged();
    for (std::size_t i = 0; i < size; ++i) {
      field.value |= static_cast<std::uint64_t>(rest_[i]) << (8 * i);
    }
    rest_ = rest_.subspan(size);
    return field;
  }

  base::ByteView rest_;
  bool damaged_ = false;
};

}  // namespace sampleproc::detect
