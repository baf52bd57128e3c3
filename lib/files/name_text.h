// Names of files as text.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::files {

// The name for records, which are UTF-8: a byte that belongs to no well-formed sequence becomes
// `\xFE`, its value in two capital hex digits. Two names never have one text: a backslash of the
// name that could be taken for such a byte is written as `\x5C`.
std::string NameAsText(std::string_view name);

}  // namespace sampleproc::files
