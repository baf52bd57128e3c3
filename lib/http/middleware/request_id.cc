#include "http/middleware/request_id.h"

#include <algorithm>
#include <string>

namespace sampleproc::http {
namespace {

bool IsSound(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::optional<Response> RequestId::OnHead(Request& request) {
  const auto sent = request.Find("X-Request-ID");
  if (sent && IsSound(*sent)) {
    request.request_id = *sent;
  } else {
    Make(request.request_id);
  }
  return std::nullopt;
}

void RequestId::OnResponse(const Request& request, Response& response) {
  if (!request.request_id.empty()) return response.AddField("X-Request-ID", request.request_id);
  std::string id;
  Make(id);
  response.AddField("X-Request-ID", id);
}

// In the memory that `id` has.
void RequestId::Make(std::string& id) {
  std::uint64_t z = next_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  id.resize(16);
  for (char& digit : id) {
    digit = "0123456789abcdef"[z & 15];
    z >>= 4;
  }
}

}  // namespace sampleproc::http
