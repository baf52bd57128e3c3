// A form's body, its content type on the first line: whatever arrives, the parts lie within it in
// their order, or there is a problem that says where.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "http/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http = sampleproc::http;
  const sampleproc::base::ByteView all(data, size);
  const auto line_end = static_cast<std::size_t>(std::ranges::find(all, '\n') - all.begin());
  const sampleproc::base::ByteView body = all.subspan(std::min(line_end + 1, size));
  const auto parts = http::ReadMultipart(sampleproc::base::AsText(all.first(line_end)), body);
  if (!parts) {
    if (parts.error().type.empty() || parts.error().msg.empty()) std::abort();
    return 0;
  }
  if (parts->size() > http::kMaxParts) std::abort();
  const std::uint8_t* behind = body.data();
  for (const http::Part& part : *parts) {
    if (part.content.empty()) continue;
    if (part.content.data() < behind) std::abort();
    behind = part.content.data() + part.content.size();
  }
  if (behind > body.data() + body.size()) std::abort();
  return 0;
}
