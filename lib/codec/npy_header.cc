#include "codec/npy_header.h"

#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::size_t kLargestHeader = 10'000;  // numpy's own limit
constexpr std::uint64_t kLargestSide = 0x7fffffff;
constexpr std::string_view kForm =
    "; it must be {'descr': TYPE, 'fortran_order': False, 'shape': (HEIGHT, WIDTH[, CHANNELS])}";
constexpr std::string_view kTypes = "; allowed are u1, u2 and f4, little or big endian";

std::unexpected<base::Error> Refuse(std::string_view found, std::string_view allowed) {
  return Fail(ErrorCode::kInvalidFrame,
              "the NumPy array " + std::string(found) + std::string(allowed));
}

std::unexpected<base::Error> NotALiteral() {
  return Refuse("has a header that cannot be read", kForm);
}

// Reads the literal from left to right.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  // Skips white space, then `c` when it stands there.
  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  // A string in single or double quotes, without escapes.
  std::optional<std::string_view> TakeString() {
    SkipSpace();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == text_.npos) return std::nullopt;
    const std::string_view string = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return string.find('\\') == string.npos ? std::optional(string) : std::nullopt;
  }

  // Digits; a number above kLargestSide comes back as one more than it.
  std::optional<std::uint64_t> TakeNumber() {
    SkipSpace();
    const std::size_t start = at_;
    std::uint64_t number = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      number = number * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
      if (number > kLargestSide) number = kLargestSide + 1;
    }
    return at_ == start ? std::nullopt : std::optional(number);
  }

  bool AtEnd() {
    SkipSpace();
    return at_ == text_.size();
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

base::Result<void> ReadType(LiteralReader& reader, NpyHeader& header) {
  const auto descr = reader.TakeString();
  if (!descr) {
    return reader.Take('[') ? Refuse("has a structured type", kTypes)
                            : std::unexpected(NotALiteral());
  }
  std::string_view type = *descr;
  if (type.find('O') != type.npos) return Refuse("holds Python objects", kTypes);
  const char order = type.empty() ? ' ' : type.front();
  if (order == '<' || order == '>' || order == '|') type.remove_prefix(1);
  header.big_endian = order == '>';  // '|' and none mean the machine's own: little
  if (type == "u1") {
    header.type = SampleType::kU8;
  } else if (type == "u2") {
    header.type = SampleType::kU16;
  } else if (type == "f4") {
    header.type = SampleType::kF32;
  } else {
    // The type is a stranger's text; the kinds that numpy has are named in our own words.
    const std::string_view kind = type.empty()     ? "of no type"
                                  : type[0] == 'f' ? "of floats of another size"
                                  : type[0] == 'i' ? "of signed integers"
                                  : type[0] == 'u' ? "of unsigned integers of another size"
                                  : type[0] == 'b' ? "of booleans"
                                  : type[0] == 'c' ? "of complex numbers"
                                                   : "of another type";
    return Refuse("is one " + std::string(kind), kTypes);
  }
  return {};
}

base::Result<void> ReadOrder(LiteralReader& reader) {
  if (reader.TakeWord("False")) return {};
  if (!reader.TakeWord("True")) return NotALiteral();
  return Refuse("is in Fortran order", "; allowed is C order (numpy.ascontiguousarray)");
}

base::Result<void> ReadShape(LiteralReader& reader, NpyHeader& header) {
  if (!reader.Take('(')) return NotALiteral();
  std::size_t dimensions = 0;
  bool too_large = false;
  while (!reader.Take(')')) {
    if (dimensions > 0 && !reader.Take(',')) return NotALiteral();
    if (dimensions > 0 && reader.Take(')')) break;
    if (reader.Take('-')) {
      return Refuse("has a negative side", "; sides are 1 to 2147483647");
    }
    const auto side = reader.TakeNumber();
    if (!side) return NotALiteral();
    too_large = too_large || *side > kLargestSide;
    if (dimensions < 3) header.shape[dimensions] = static_cast<std::uint32_t>(*side);
    ++dimensions;
  }
  if (dimensions != 2 && dimensions != 3) {
    return Refuse(
        "has " + std::to_string(dimensions) + (dimensions == 1 ? " dimension" : " dimensions"),
        "; allowed are 2 (height, width) and 3 (height, width, channels)");
  }
  header.dimensions = static_cast<int>(dimensions);
  if (dimensions == 2) header.shape[2] = 1;
  if (too_large || header.shape[0] == 0 || header.shape[1] == 0) {
    return Refuse("has a side of 0 or over 2147483647", "; sides are 1 to 2147483647");
  }
  if (header.shape[2] != 1 && header.shape[2] != 3 && header.shape[2] != 4) {
    return Refuse("has " + std::to_string(header.shape[2]) + " channels",
                  "; allowed are 1 (gray), 3 (BGR) and 4 (BGRA), in the last dimension");
  }
  return {};
}

base::Result<void> ReadDictionary(LiteralReader reader, NpyHeader& header) {
  if (!reader.Take('{')) return NotALiteral();
  bool has_type = false;
  bool has_order = false;
  bool has_shape = false;
  for (bool first = true; !reader.Take('}'); first = false) {
    if (!first && !reader.Take(',')) return NotALiteral();
    if (!first && reader.Take('}')) break;
    const auto key = reader.TakeString();
    if (!key || !reader.Take(':')) return NotALiteral();
    base::Result<void> read;
    if (*key == "descr" && !has_type) {
      has_type = true;
      read = ReadType(reader, header);
    } else if (*key == "fortran_order" && !has_order) {
      has_order = true;
      read = ReadOrder(reader);
    } else if (*key == "shape" && !has_shape) {
      has_shape = true;
      read = ReadShape(reader, header);
    } else {
      return NotALiteral();
    }
    if (!read) return read;
  }
  if (!has_type || !has_order || !has_shape || !reader.AtEnd()) return NotALiteral();
  return {};
}

}  // namespace

base::Result<NpyHeader> ParseNpyHeader(base::ByteView file) {
  constexpr std::size_t kVersion = 6;
  if (file.size() < kVersion + 4) return Refuse("is truncated", ": it ends inside its header");
  const int major = file[kVersion];
  if (major < 1 || major > 3 || file[kVersion + 1] != 0) {
    return Refuse(
        "is of version " + std::to_string(major) + "." + std::to_string(file[kVersion + 1]),
        "; allowed are 1.0, 2.0 and 3.0");
  }
  const std::size_t start = major == 1 ? kVersion + 4 : kVersion + 6;
  if (file.size() < start) return Refuse("is truncated", ": it ends inside its header");
  std::size_t length = 0;
  for (std::size_t i = start; i > kVersion + 2; --i) length = length << 8 | file[i - 1];
  if (length > kLargestHeader) {
    return Refuse("has a header of " + std::to_string(length) + " bytes",
                  "; at most 10000 are allowed");
  }
  if (length > file.size() - start) return Refuse("is truncated", ": it ends inside its header");
  NpyHeader header;
  header.data_offset = start + length;
  const auto read =
      ReadDictionary(LiteralReader(base::AsText(file.subspan(start, length))), header);
  if (!read) return std::unexpected(read.error());
  return header;
}

}  // namespace sampleproc::codec
