// Text of strangers, as names of classes and files are, on a page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sampleproc::files {

// For HTML, within an element or an attribute in double quotes: what means something there is
// escaped, what is no UTF-8, no character, or turns the direction of the text around becomes
// U+FFFD, and what is behind `most` bytes is left out, with an ellipsis in its place.
std::string ShownText(std::string_view text, std::size_t most = 300);

}  // namespace sampleproc::files
