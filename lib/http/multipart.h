// Reads multipart/form-data (RFC 7578), the form that browsers and `curl -F` send:
//
//   --boundary CRLF
//   Content-Disposition: form-data; name="frame"; filename="a.jpg" CRLF
//   Content-Type: image/jpeg CRLF
//   CRLF
//   the part's bytes CRLF
//   --boundary-- CRLF
//
// Nothing is copied: parts are views into the body. Strict where two readers could disagree: lines
// end with CRLF, a part has one Content-Disposition with one name, the last delimiter is there.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::http {

struct Part {
  std::string name;
  std::string_view content_type;  // as sent, "" when there was none
  base::ByteView content;
};

// Parts in one body; a form of ours has two.
constexpr std::size_t kMaxParts = 100;
// Bytes of one part's fields.
constexpr std::size_t kMaxPartHead = 8192;

// The parts in their order. `content_type` is the request's, with its boundary. What is wrong is
// one Problem of type "multipart_invalid" (the message says at which byte of the body) or
// "too_many" (parts), its loc {"body"}; names and values are never part of it. Bytes before the
// first delimiter and after the last one are ignored, as the RFC demands. Thread-safe.
std::expected<std::vector<Part>, base::Problem> ReadMultipart(std::string_view content_type,
                                                              base::ByteView body);

}  // namespace sampleproc::http
