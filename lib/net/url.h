// An http or https URL, or one of a camera, in parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sampleproc::net {

struct Url {
  bool tls = false;
  std::string host;  // a name or an address, without the brackets of IPv6
  std::uint16_t port = 80;
  std::string target = "/";  // path and query, as a request line has them
  std::string userinfo;      // "user:password" or "user", decoded; "" = none

  // "frame-buffer:8002": what a Host field says (RFC 9110 section 7.2), without a default port.
  std::string Authority() const;
  // "https://frame-buffer": scheme and authority of an http or https URL (RFC 6454 section 6.2).
  std::string Origin() const;
  // "Basic ..." of the user and password (RFC 7617), "" without.
  std::string Authorization() const;
};

// By RFC 3986, http and https only, 8000 bytes at most; a fragment is left out. User name and
// password are percent-decoded for RFC 7617. Nothing for anything else. Pure.
std::optional<Url> ParseUrl(std::string_view text);

// The same for rtsp and rtsps (RFC 2326 section 3.2), whose ports are 554 and 322 (RFC 7826).
std::optional<Url> ParseRtspUrl(std::string_view text);

// The same for mqtt and mqtts, whose ports are 1883 and 8883 (as IANA has them).
std::optional<Url> ParseMqttUrl(std::string_view text);

// `base` with `path` behind its own: "http://h/a/" and "/b" are "/a/b".
std::string Below(const Url& base, std::string_view path);

// What passwords follow in URLs of cheap cameras, in the path as well as in the query; in any case.
inline constexpr std::string_view kPasswordNames[] = {"password=", "passwd=", "pwd=", "pass="};

}  // namespace sampleproc::net
