#include "http/chain.h"

#include <ranges>

namespace sampleproc::http {

std::optional<Response> Chain::OnHead(Request& request) const {
  for (const auto& link : links_) {
    if (auto response = link->OnHead(request)) return response;
  }
  return std::nullopt;
}

void Chain::OnRefusal(Request& request) const {
  for (const auto& link : links_) link->OnRefusal(request);
}

void Chain::OnResponse(const Request& request, Response& response) const {
  for (const auto& link : links_ | std::views::reverse) link->OnResponse(request, response);
}

}  // namespace sampleproc::http
