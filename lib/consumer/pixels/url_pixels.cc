#include "consumer/pixels/url_pixels.h"

#include <utility>

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Fail;

bool IsAbsence(int status) { return status == 204 || status == 404 || status == 410; }

// That it wants to know who asks, or sends us elsewhere, it says to every frame's request.
bool WantsOtherSettings(int status) {
  return status == 401 || status == 402 || status == 403 || status == 407 || status / 100 == 3;
}

bool MayChange(int status) {
  return status == 408 || status == 421 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

UrlPixels::UrlPixels(const std::vector<std::string>& hosts, std::size_t max_bytes,
                     const net::Options& options, net::Resolve resolve, const base::Clock& clock)
    : hosts_(hosts),
      max_bytes_(max_bytes),
      options_(options),
      resolve_(std::move(resolve)),
      clock_(clock) {}

std::shared_ptr<net::HttpClient> UrlPixels::ClientFor(const net::Url& url) {
  const std::string key =
      (url.tls ? "https " : "http ") + url.Authorization() + ' ' + url.Authority();
  const base::MutexLock lock(mutex_);
  const auto found = clients_.find(key);
  if (found != clients_.end()) return found->second;
  auto client =
      std::make_shared<net::HttpClient>(url, options_, resolve_, clock_, net::Caution::kNone);
  if (clients_.size() < kMostUpstreams) clients_.emplace(key, client);
  return client;
}

std::string UrlPixels::HostOf(const std::string& text) const {
  const auto url = net::ParseUrl(text);
  if (!url || !hosts_.Match(url->host)) return {};
  return net::Endpoint{.host = url->host, .port = url->port}.Name();
}

base::Result<std::string> UrlPixels::Fetch(const std::string& text, const MakeRoom& make_room,
                                           const base::Allowance& allowance) {
  const auto url = net::ParseUrl(text);
  if (!url) return Fail(ErrorCode::kInvalidFrame, "frame_url is no URL");
  if (!hosts_.Match(url->host)) {
    return Fail(ErrorCode::kInvalidFrame,
                "frame_url names a host that consumer.frame_url_hosts does not list");
  }
  auto answer = ClientFor(*url)->Ask(
      {.target = url->target, .fields = {{"User-Agent", "sampleproc"}, {"Accept", "*/*"}}},
      max_bytes_, allowance, make_room);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 200) return std::move(answer->body);
  if (IsAbsence(answer->status)) return Fail(ErrorCode::kNotFound, "nothing is at the frame_url");
  const std::string status = std::to_string(answer->status);
  if (MayChange(answer->status)) {
    auto refused =
        Fail(ErrorCode::kUnavailable, "the host of the frame_url answers with " + status);
    refused.error().retry_after = answer->retry_after;
    return refused;
  }
  if (WantsOtherSettings(answer->status)) {
    return Fail(ErrorCode::kUnauthorized,
                "the host of the frame_url answers with " + status +
                    (answer->status / 100 == 3
                         ? ", and redirects are not followed: it has to serve the frame_url itself"
                         : ": it has to let this service in"));
  }
  return Fail(ErrorCode::kInvalidFrame, "the host of the frame_url answers with " + status);
}

}  // namespace sampleproc::consumer
