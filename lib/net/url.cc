#include "net/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/bytes.h"

namespace sampleproc::net {
namespace {

constexpr std::size_t kLongest = 8000;
constexpr std::uint16_t kHttp = 80;
constexpr std::uint16_t kHttps = 443;

}  // namespace

std::string Url::Authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? kHttps : kHttp) ? name : name + ":" + std::to_string(port);
}

std::string Url::Origin() const { return (tls ? "https://" : "http://") + Authority(); }

std::string Url::Authorization() const {
  return userinfo.empty() ? "" : "Basic " + base::EncodeBase64(base::AsBytes(userinfo));
}

namespace {

// What a scheme's URLs are about, without TLS and with it.
struct Scheme {
  std::string_view name;
  std::uint16_t port;
};

std::optional<Url> Parse(std::string_view text, const Scheme& plain, const Scheme& secure) {
  if (text.size() > kLongest) return std::nullopt;
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed || !parsed->has_authority()) return std::nullopt;
  const auto scheme = parsed->scheme();
  const std::string name = base::Lowercase({scheme.data(), scheme.size()});
  if (name != plain.name && name != secure.name) return std::nullopt;
  Url url;
  url.tls = name == secure.name;
  url.host = parsed->host_address();
  if (url.host.empty()) return std::nullopt;
  url.port = url.tls ? secure.port : plain.port;
  if (parsed->has_port() && !parsed->port().empty()) {
    // Boost.URL 1.81's port_number() takes 80020 for 14484.
    const auto digits = parsed->port();
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc() || url.port == 0) return std::nullopt;
  }
  const auto path = parsed->encoded_path();
  // Boost.URL 1.81 takes what follows the digits of a port for a path.
  if (!path.empty() && path.front() != '/') return std::nullopt;
  url.target = path.empty() ? "/" : std::string(path.data(), path.size());
  if (parsed->has_query()) {
    const auto query = parsed->encoded_query();
    url.target += '?' + std::string(query.data(), query.size());
  }
  if (parsed->has_userinfo()) url.userinfo = parsed->userinfo();
  return url;
}

}  // namespace

std::optional<Url> ParseUrl(std::string_view text) {
  return Parse(text, {"http", kHttp}, {"https", kHttps});
}

std::optional<Url> ParseRtspUrl(std::string_view text) {
  return Parse(text, {"rtsp", 554}, {"rtsps", 322});
}

std::optional<Url> ParseMqttUrl(std::string_view text) {
  return Parse(text, {"mqtt", 1883}, {"mqtts", 8883});
}

std::string Below(const Url& base, std::string_view path) {
  std::string target = base.target.substr(0, base.target.find('?'));
  while (target.ends_with('/')) target.pop_back();
  return target + std::string(path);
}

}  // namespace sampleproc::net
