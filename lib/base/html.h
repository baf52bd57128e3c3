// Text within a page.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::base {

// With the characters that mean something in HTML and XML, also within quotes, replaced.
std::string EscapeHtml(std::string_view text);

}  // namespace sampleproc::base
