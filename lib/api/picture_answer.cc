#include "api/picture_answer.h"

#include <charconv>

#include "http/response_writer.h"

namespace sampleproc::api {

std::string HexEtag(std::uint64_t number, std::string_view variant) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return '"' + std::string(digits, end).append(variant) + '"';
}

bool BeginPicture(http::Response& response, std::string_view etag, base::WallTime made,
                  std::string_view known) {
  response.AddField("ETag", etag);
  response.AddField("Last-Modified", http::HttpDate(made));
  if (known != "*" && known.find(etag) == known.npos) return true;
  response.status = 304;
  return false;
}

}  // namespace sampleproc::api
