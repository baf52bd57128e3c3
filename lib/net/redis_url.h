// A URL of a Redis server, in parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sampleproc::net {

// What a URL does not name is absent.
struct RedisUrl {
  bool tls = false;
  std::string host;  // a name, an address without brackets, or the path of a Unix socket
  std::optional<std::uint16_t> port;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<int> db;
  // What it asks for besides, which nothing comes of: the names of parameters ("ssl"), "" for a
  // query without a name, "#" for a fragment.
  std::vector<std::string> ignored = {};
};

// The forms that Redis' own tools and the clients of other languages take:
//
//   redis://[[user]:password@]host[:port][/db]     rediss:// is TLS
//   redis://[:password@]host[:port]?db=1
//   unix:///path/of/the.sock[?db=1]                redis+unix:// and redis+socket:// too
//
// User name and password are percent-decoded. Nothing for anything else. Pure.
std::optional<RedisUrl> ParseRedisUrl(std::string_view text);

}  // namespace sampleproc::net
