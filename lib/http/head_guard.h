// Strict checks on the raw bytes of a request head, before any parser acts on them.
//
// The parser behind it (Boost.Beast 1.81) accepts several messages that another hop would frame
// differently: that is how requests are smuggled (RFC 9112 section 11.2). So every byte is checked
// here first and any doubt ends the connection. The rules are RFC 9112's and RFC 9110's, read
// strictly:
//
//   request-line   token SP target SP "HTTP/1." ("0" | "1") CRLF, one empty line before it is
//   allowed target         1*(%x21-7E) without '#': origin form; absolute form ("http://host/...")
//   whose
//                  authority equals Host; "*" for OPTIONS alone
//   field-line     token ":" OWS value OWS CRLF; no folding, no control characters but HTAB, no
//   bare
//                  CR or LF, no white space before the colon
//   Host           exactly one (none is allowed for HTTP/1.0): reg-name, IPv4 or [IPv6], port
//   length         one Content-Length of 1-19 digits, or one Transfer-Encoding that says "chunked"
//                  and nothing else (HTTP/1.1 only), never both
//   Expect         "100-continue" or nothing
//
// Names that another hop could read as a framing field ("Content_Length") are refused as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace sampleproc::http {

struct HeadLimits {
  std::size_t head_bytes = 16'384;
  std::size_t fields = 100;
  std::size_t target_bytes = 8'192;
};

// How the message is framed, in the guard's own reading.
struct Framing {
  std::size_t head_bytes = 0;  // through the empty line
  std::size_t skipped = 0;     // of them, an empty line before the request line
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool expects_continue = false;
};

// Reads one head, however the bytes arrive: the verdict is the same for a head that comes whole and
// for one that comes byte by byte. One object a connection, one thread.
class HeadGuard {
 public:
  explicit HeadGuard(const HeadLimits& limits) : limits_(limits) {}

  // Ready for the next head of the connection.
  void Reset() { *this = HeadGuard(limits_); }

  // `received` is all of the head that has arrived so far, from its first byte (and what follows
  // it, if anything does). Returns the framing when the head is complete, nothing when more bytes
  // are needed. A failure is final: kBadRequest, kUriTooLong, kHeadTooLarge, kNotImplemented (an
  // unknown method or coding), kHttpVersion or kExpectationFailed, always with a connection that
  // must be closed.
  base::Result<std::optional<Framing>> Check(std::string_view received);

  // The method and the target in `received`, as given to Check, as far as the request line could be
  // read: of a head that is refused as well.
  std::string_view Method(std::string_view received) const { return method_.Of(received); }
  std::string_view Target(std::string_view received) const { return target_.Of(received); }

  // Whether the request line, as far as it has come, asks for HEAD: a refusal then has no body.
  bool asks_for_head() const { return head_method_; }

 private:
  base::Result<void> CheckLine(std::string_view line);
  base::Result<void> CheckRequestLine(std::string_view line);
  base::Result<void> CheckTarget(std::string_view method, std::string_view target);
  base::Result<void> CheckField(std::string_view line);
  base::Result<void> CheckOnce(std::string_view name);
  base::Result<void> CheckFramingField(std::string_view name, std::string_view value);
  base::Result<void> CheckWhole(std::string_view head);

  HeadLimits limits_;
  Framing framing_;
  std::size_t line_start_ = 0;  // of the first line not yet checked
  std::size_t scanned_ = 0;     // no LF before this place, from line_start_ on
  std::size_t fields_ = 0;
  bool request_line_seen_ = false;
  int minor_version_ = 1;
  bool head_method_ = false;
  bool transfer_encoding_seen_ = false;
  bool authorization_seen_ = false;
  bool content_type_seen_ = false;
  bool expect_seen_ = false;
  // Views would dangle when the buffer grows, so places are kept: {offset, length} in the head.
  struct Span {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::string_view Of(std::string_view head) const { return head.substr(offset, length); }
  };
  Span PlaceOf(std::string_view part) const {
    return {static_cast<std::size_t>(part.data() - received_), part.size()};
  }
  Span method_;
  Span target_;
  std::optional<Span> host_;
  std::optional<Span> absolute_authority_;
  const char* received_ = nullptr;  // start of the head, for the duration of one Check
};

// Whether `host` is a Host value: reg-name / IPv4 / "[" IPv6 "]" with an optional port.
bool IsHostValue(std::string_view host);

}  // namespace sampleproc::http
