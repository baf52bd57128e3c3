// Which representation a client would rather have.
#pragma once

#include <optional>
#include <string_view>

namespace sampleproc::http {

// How welcome `media` ("image/jpeg") is by an Accept field's value, 0 (not at all) to 1: the
// quality of the most specific range that matches (RFC 9110 section 12.5.1). 1 without the field or
// with an empty one. Parameters other than q are not compared; a malformed quality counts as 1,
// since the type was named.
double Quality(std::optional<std::string_view> accept, std::string_view media);

}  // namespace sampleproc::http
