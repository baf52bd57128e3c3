#include "http/head_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "http/message.h"

namespace sampleproc::http {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;

enum CharClass : std::uint8_t {
  kToken = 1,   // tchar of RFC 9110 section 5.6.2
  kValue = 2,   // field-vchar, SP, HTAB, obs-text
  kTarget = 4,  // visible ASCII without '#'
  kHost = 8,    // unreserved of RFC 3986; no escapes, no sub-delims: they make lists and userinfo
};

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&](std::string_view set, std::uint8_t c) {
    for (const char x : set) classes[static_cast<unsigned char>(x)] |= c;
  };
  constexpr std::string_view kAlnum =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  add(kAlnum, kToken | kHost);
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._~", kHost);
  for (std::size_t c = 0x20; c < 256; ++c) {
    if (c != 0x7F) classes[c] |= kValue;
    if (c > 0x20 && c < 0x7F && c != '#') classes[c] |= kTarget;
  }
  classes['\t'] |= kValue;
  return classes;
}();

bool AllOf(std::string_view text, CharClass wanted) {
  std::uint8_t common = 0xFF;
  for (const char c : text) common &= kClasses[static_cast<unsigned char>(c)];
  return (common & wanted) != 0;
}

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

constexpr std::string_view kMethods[] = {"GET",    "HEAD",    "POST",  "PUT",
                                         "DELETE", "OPTIONS", "PATCH", "TRACE"};

// A name whose underscores a CGI-like hop would fold into a field that frames or routes.
bool LooksLikeFraming(std::string_view name) {
  if (name.find('_') == name.npos) return false;
  std::string folded(name);
  std::replace(folded.begin(), folded.end(), '_', '-');
  return EqualsIgnoreCase(folded, "content-length") ||
         EqualsIgnoreCase(folded, "transfer-encoding") || EqualsIgnoreCase(folded, "host");
}

bool IsIpv6Literal(std::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool IsPort(std::string_view text) {
  return IsDigits(text) && text.size() <= 5 && std::stoi(std::string(text)) <= 65535;
}

}  // namespace

bool IsHostValue(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == host.npos || !IsIpv6Literal(host.substr(1, end - 1))) return false;
    port = host.substr(end + 1);
    if (port.empty()) return true;
    if (port.front() != ':') return false;
    port.remove_prefix(1);
  } else {
    const auto colon = host.find(':');
    const std::string_view name = host.substr(0, colon);
    if (name.empty() || name.size() > 255 || !AllOf(name, kHost)) return false;
    if (colon == host.npos) return true;
    port = host.substr(colon + 1);
  }
  return IsPort(port);
}

Result<std::optional<Framing>> HeadGuard::Check(std::string_view received) {
  received_ = received.data();
  // A handshake record of TLS 1.x (RFC 8446 section 5.1), in which no end of a line may come.
  if (received.starts_with("\x16\x03")) {
    return Fail(ErrorCode::kBadRequest,
                "this is TLS, and this port speaks plain HTTP: http://, or set http.tls_cert");
  }
  for (;;) {
    const void* found = scanned_ < received.size() ? std::memchr(received.data() + scanned_, '\n',
                                                                 received.size() - scanned_)
                                                   : nullptr;
    const std::size_t lf =
        found == nullptr
            ? received.size()
            : static_cast<std::size_t>(static_cast<const char*>(found) - received.data());
    if (!request_line_seen_ && lf - line_start_ > limits_.target_bytes + 64) {
      return Fail(ErrorCode::kUriTooLong, "the request target is longer than " +
                                              std::to_string(limits_.target_bytes) + " bytes");
    }
    if (lf >= limits_.head_bytes) {
      return Fail(ErrorCode::kHeadTooLarge, "the request head is larger than " +
                                                std::to_string(limits_.head_bytes) + " bytes");
    }
    if (found == nullptr) {
      scanned_ = received.size();
      return std::nullopt;
    }
    if (lf == line_start_ || received[lf - 1] != '\r') {
      return Fail(ErrorCode::kBadRequest, "a line of the head ends in LF without CR");
    }
    const std::string_view line = received.substr(line_start_, lf - 1 - line_start_);
    line_start_ = lf + 1;
    scanned_ = line_start_;
    if (line.empty()) {
      if (!request_line_seen_) {
        if (framing_.skipped != 0) {
          return Fail(ErrorCode::kBadRequest, "more than one empty line before the request line");
        }
        framing_.skipped = line_start_;
        continue;
      }
      framing_.head_bytes = line_start_;
      if (auto whole = CheckWhole(received.substr(0, line_start_)); !whole) {
        return std::unexpected(whole.error());
      }
      return framing_;
    }
    if (auto checked = CheckLine(line); !checked) return std::unexpected(checked.error());
  }
}

Result<void> HeadGuard::CheckLine(std::string_view line) {
  if (!request_line_seen_) {
    request_line_seen_ = true;
    return CheckRequestLine(line);
  }
  if (++fields_ > limits_.fields) {
    return Fail(ErrorCode::kHeadTooLarge,
                "the request has more than " + std::to_string(limits_.fields) + " fields");
  }
  return CheckField(line);
}

Result<void> HeadGuard::CheckRequestLine(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) {
    return Fail(ErrorCode::kBadRequest, "the request line is not METHOD SP TARGET SP VERSION");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (method.empty() || !AllOf(method, kToken)) {
    return Fail(ErrorCode::kBadRequest, "the method is not a token");
  }
  method_ = PlaceOf(method);
  if (target.size() > limits_.target_bytes) {
    return Fail(ErrorCode::kUriTooLong, "the request target is longer than " +
                                            std::to_string(limits_.target_bytes) + " bytes");
  }
  if (target.empty() || !AllOf(target, kTarget)) {
    return Fail(ErrorCode::kBadRequest, "the request target has characters that must be escaped");
  }
  target_ = PlaceOf(target);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                             IsDigits(version.substr(5, 1)) && version[6] == '.' &&
                             IsDigits(version.substr(7, 1));
    if (well_formed) return Fail(ErrorCode::kHttpVersion, "only HTTP/1.1 and HTTP/1.0 are spoken");
    return Fail(ErrorCode::kBadRequest, "the protocol version is malformed");
  }
  minor_version_ = version.back() - '0';
  head_method_ = method == "HEAD";
  if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
    return Fail(ErrorCode::kNotImplemented, "the method is not one that is implemented");
  }
  return CheckTarget(method, target);
}

Result<void> HeadGuard::CheckTarget(std::string_view method, std::string_view target) {
  if (target.front() == '/') return {};
  if (target == "*") {
    if (method == "OPTIONS") return {};
    return Fail(ErrorCode::kBadRequest, "the target '*' is for OPTIONS only");
  }
  const auto scheme_end = target.find("://");
  const std::string_view scheme = target.substr(0, scheme_end);
  if (scheme_end == target.npos ||
      !(EqualsIgnoreCase(scheme, "http") || EqualsIgnoreCase(scheme, "https"))) {
    return Fail(ErrorCode::kBadRequest, "the request target must start with '/'");
  }
  const std::size_t begin = scheme_end + 3;
  const std::size_t end = std::min(target.find_first_of("/?", begin), target.size());
  absolute_authority_ = PlaceOf(target.substr(begin, end - begin));
  return {};
}

Result<void> HeadGuard::CheckField(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Fail(ErrorCode::kBadRequest, "a field is folded over two lines");
  }
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == line.npos || name.empty() || !AllOf(name, kToken)) {
    return Fail(ErrorCode::kBadRequest, "a field name is missing or not a token");
  }
  if (!AllOf(line.substr(colon), kValue)) {
    return Fail(ErrorCode::kBadRequest, "a field value has a control character in it");
  }
  if (auto once = CheckOnce(name); !once) return once;
  return CheckFramingField(name, base::TrimBlanks(line.substr(colon + 1)));
}

// Two of these would mean what whoever reads them first or last makes of it.
Result<void> HeadGuard::CheckOnce(std::string_view name) {
  struct Once {
    std::string_view name;
    bool HeadGuard::* seen;
  };
  constexpr Once kOnce[] = {{"authorization", &HeadGuard::authorization_seen_},
                            {"content-type", &HeadGuard::content_type_seen_},
                            {"expect", &HeadGuard::expect_seen_}};
  for (const Once& once : kOnce) {
    if (!EqualsIgnoreCase(name, once.name)) continue;
    if (std::exchange(this->*once.seen, true)) {
      return Fail(ErrorCode::kBadRequest, std::string(once.name) + " is given more than once");
    }
  }
  return {};
}

Result<void> HeadGuard::CheckFramingField(std::string_view name, std::string_view value) {
  if (LooksLikeFraming(name)) {
    return Fail(ErrorCode::kBadRequest, "a field name imitates a framing field with '_'");
  }
  if (EqualsIgnoreCase(name, "content-length")) {
    if (framing_.content_length) {
      return Fail(ErrorCode::kBadRequest, "Content-Length is given more than once");
    }
    std::uint64_t length = 0;
    if (!IsDigits(value) || value.size() > 19 ||
        std::from_chars(value.data(), value.data() + value.size(), length).ec != std::errc()) {
      return Fail(ErrorCode::kBadRequest, "Content-Length is not a plain number of 1 to 19 digits");
    }
    framing_.content_length = length;
  } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
    if (transfer_encoding_seen_) {
      return Fail(ErrorCode::kBadRequest, "Transfer-Encoding is given more than once");
    }
    transfer_encoding_seen_ = true;
    if (!EqualsIgnoreCase(value, "chunked")) {
      return Fail(ErrorCode::kNotImplemented,
                  "the only transfer coding that is implemented is chunked");
    }
    framing_.chunked = true;
  } else if (EqualsIgnoreCase(name, "host")) {
    if (host_) return Fail(ErrorCode::kBadRequest, "Host is given more than once");
    if (!IsHostValue(value)) {
      return Fail(ErrorCode::kBadRequest, "Host is not a name or address with an optional port");
    }
    host_ = PlaceOf(value);
  } else if (EqualsIgnoreCase(name, "expect")) {
    if (!EqualsIgnoreCase(value, "100-continue")) {
      return Fail(ErrorCode::kExpectationFailed, "the only expectation known is 100-continue");
    }
    framing_.expects_continue = minor_version_ == 1;
  }
  return {};
}

Result<void> HeadGuard::CheckWhole(std::string_view head) {
  if (!host_ && minor_version_ == 1) return Fail(ErrorCode::kBadRequest, "Host is missing");
  if (framing_.chunked && framing_.content_length) {
    return Fail(ErrorCode::kBadRequest, "both Content-Length and Transfer-Encoding are given");
  }
  if (framing_.chunked && minor_version_ == 0) {
    return Fail(ErrorCode::kBadRequest, "Transfer-Encoding does not exist in HTTP/1.0");
  }
  if (absolute_authority_ && host_ &&
      !EqualsIgnoreCase(absolute_authority_->Of(head), host_->Of(head))) {
    return Fail(ErrorCode::kBadRequest, "the target's authority and Host differ");
  }
  return {};
}

}  // namespace sampleproc::http
