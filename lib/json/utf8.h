// What is well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing
// above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace sampleproc::json {

// Bytes of the well-formed sequence `text` starts with, 1..4, or 0 when it starts with none.
// `text` is not empty.
std::size_t Utf8SequenceLength(std::string_view text);

// Offset of the first byte that belongs to no well-formed sequence, or npos when there is none.
std::size_t FindInvalidUtf8(std::string_view text);

}  // namespace sampleproc::json
