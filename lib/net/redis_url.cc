#include "net/redis_url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <system_error>

namespace sampleproc::net {
namespace {

constexpr std::size_t kLongest = 4096;

// All of `text` as a number of T.
template <typename T>
std::optional<T> Number(std::string_view text) {
  T number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return number;
}

enum class Transport { kPlain, kTls, kUnixSocket };

std::optional<Transport> TransportOf(std::string_view scheme) {
  if (scheme == "redis") return Transport::kPlain;
  if (scheme == "rediss") return Transport::kTls;
  if (scheme == "unix" || scheme == "redis+unix" || scheme == "redis+socket") {
    return Transport::kUnixSocket;
  }
  return std::nullopt;
}

// The number of the database in the query (?db=1), or in `path` ("/1"); false when it is none.
// What else is asked for is noted.
bool ReadDatabase(std::string_view path, const boost::urls::url_view& parsed, RedisUrl& url) {
  std::optional<std::string> text;
  if (path.size() > 1) text = path.substr(1);
  for (const auto parameter : parsed.params()) {
    if (parameter.key == "db") {
      text = parameter.value;
    } else if (!parameter.key.empty() || parameter.has_value) {
      // What has no value may be one itself.
      url.ignored.push_back(parameter.has_value ? std::string(parameter.key) : "");
    }
  }
  if (parsed.has_fragment()) url.ignored.emplace_back("#");
  if (!text) return true;
  url.db = Number<int>(*text);
  return url.db && *url.db >= 0;
}

}  // namespace

std::optional<RedisUrl> ParseRedisUrl(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed || !parsed->has_authority()) return std::nullopt;
  const std::string scheme(parsed->scheme());
  const std::optional<Transport> transport = TransportOf(scheme);
  if (!transport) return std::nullopt;
  RedisUrl url;
  url.tls = *transport == Transport::kTls;
  if (parsed->has_userinfo()) {
    if (!parsed->user().empty()) url.username = parsed->user();
    if (parsed->has_password()) url.password = parsed->password();
  }
  const std::string path = parsed->path();
  if (*transport == Transport::kUnixSocket) {
    url.host = path;
    if (path.size() < 2 || !parsed->host_address().empty()) return std::nullopt;
    return ReadDatabase("", *parsed, url) ? std::optional(url) : std::nullopt;
  }
  url.host = parsed->host_address();
  // Boost.URL 1.81 takes what follows the digits of a port for a path.
  if (url.host.empty() || (!path.empty() && path.front() != '/')) return std::nullopt;
  if (parsed->has_port() && !parsed->port().empty()) {
    const auto digits = parsed->port();
    url.port = Number<std::uint16_t>({digits.data(), digits.size()});
    if (!url.port || *url.port == 0) return std::nullopt;
  }
  return ReadDatabase(path, *parsed, url) ? std::optional(url) : std::nullopt;
}

}  // namespace sampleproc::net
