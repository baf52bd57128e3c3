#include "http/middleware/request_id.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"

namespace sampleproc::http {
namespace {

bool IsSound(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return base::IsAlnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

std::optional<Response> RequestId::OnHead(Request& request) {
  const auto sent = request.Find("X-Request-ID");
  if (sent && IsSound(*sent)) {
    request.request_id = *sent;
  } else {
    request.request_id.clear();
    ids_.AppendHex(request.request_id);
  }
  return std::nullopt;
}

void RequestId::OnRefusal(Request& request) { (void)OnHead(request); }

void RequestId::OnResponse(const Request& request, Response& response) {
  response.AddField("X-Request-ID", request.request_id);
}

}  // namespace sampleproc::http
