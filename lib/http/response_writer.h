// A response as the bytes that go out.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace sampleproc::http {

// Appends the status line and fields to `out`, and the body unless `head_only` or the body is too
// large to be worth copying: then it is left for the caller to write behind the head. `date` is the
// value of the Date field. Content-Length is that of the body; a live one whose length is not
// known has none.
//
// Returns the part of the body that was not appended; it points into `response`.
base::ByteView AppendResponse(const Response& response, std::string_view date, bool head_only,
                              std::string& out);

// The current time as an IMF-fixdate (RFC 9110 section 5.6.7).
std::string HttpDate(base::WallTime time);

}  // namespace sampleproc::http
