// Digests as HTTP fields have them.
#pragma once

#include <string>
#include <string_view>

namespace sampleproc::http {

// SHA-256 of the text, in base64.
std::string Sha256Base64(std::string_view text);

}  // namespace sampleproc::http
