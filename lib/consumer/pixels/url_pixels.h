// Pixels that an upstream serves over HTTP.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/mutex.h"
#include "consumer/pixels/entry_pixels.h"
#include "http/host_patterns.h"
#include "net/http_client.h"

namespace sampleproc::consumer {

// Asks only hosts that it was told of: entries are written by strangers, who must not choose whom
// this machine talks to. Redirects are not followed. Each host has connections of its own that are
// kept, up to kMostUpstreams hosts. It is for the caller to leave hosts alone that fail
// (PixelHosts). URLs, which may hold credentials, are in no error. Thread-safe.
// For PixelPlaces::url.
class UrlPixels {
 public:
  static constexpr std::size_t kMostUpstreams = 64;

  // `hosts` are patterns by http::IsHostPattern, none is nobody. The references must outlive it.
  UrlPixels(const std::vector<std::string>& hosts, std::size_t max_bytes,
            const net::Options& options, net::Resolve resolve, const base::Clock& clock);

  // GET. kNotFound when there is none there (204, 404, 410); kInvalidFrame when the URL is none,
  // its host is not allowed, or the answer is a refusal; kTooLarge; kUnauthorized when the host
  // does not let us in or sends us elsewhere (401, 402, 403, 407, 3xx); kUnavailable (408, 421,
  // 425, 429, 5xx) and as net::HttpClient::Ask fails when it cannot be had now.
  base::Result<std::string> Fetch(const std::string& text, const MakeRoom& make_room,
                                  const base::Allowance& allowance);

  // "cameras.lan:8080" of a URL that may be asked, else "". Never its credentials.
  std::string HostOf(const std::string& text) const;

 private:
  std::shared_ptr<net::HttpClient> ClientFor(const net::Url& url) EXCLUDES(mutex_);

  const http::HostPatterns hosts_;
  const std::size_t max_bytes_;
  const net::Options& options_;
  const net::Resolve resolve_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  // By scheme, credentials and authority.
  std::map<std::string, std::shared_ptr<net::HttpClient>> clients_ GUARDED_BY(mutex_);
};

}  // namespace sampleproc::consumer
