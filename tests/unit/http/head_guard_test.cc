#include "http/head_guard.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace sampleproc::http {
namespace {

using base::ErrorCode;
using Verdict = base::Result<std::optional<Framing>>;

Verdict Whole(const std::string& head, const HeadLimits& limits = {}) {
  return HeadGuard(limits).Check(head);
}

Verdict ByteByByte(const std::string& head, const HeadLimits& limits = {}) {
  HeadGuard guard(limits);
  for (std::size_t size = 1; size <= head.size(); ++size) {
    // A fresh copy each time: the guard must not hold on to where the bytes were.
    const std::string received = head.substr(0, size);
    Verdict verdict = guard.Check(received);
    if (!verdict || verdict->has_value()) return verdict;
  }
  return std::nullopt;
}

struct Case {
  const char* name;
  std::string head;
  std::optional<ErrorCode> refused;  // nothing: accepted
};

std::string Get(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "\r\n"; }
std::string Hosted(const std::string& fields) { return Get("Host: a\r\n" + fields); }

const std::vector<Case>& Cases() {
  using enum ErrorCode;
  using namespace std::string_literals;
  static const std::vector<Case> cases = {
      {"plain", Hosted(""), {}},
      {"an empty line before", "\r\n" + Hosted(""), {}},
      {"two empty lines before", "\r\n\r\n" + Hosted(""), kBadRequest},
      {"every method", "PATCH /x HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", kNotImplemented},
      {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", kNotImplemented},
      {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", kNotImplemented},
      {"method not a token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"tab separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"leading space", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"trailing space", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", kBadRequest},
      {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"raw byte in target", "GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"NUL in target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, kBadRequest},
      {"relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"absolute form", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"absolute form, other case", "GET HTTP://A/x HTTP/1.1\r\nHost: a\r\n\r\n", {}},
      {"absolute form, other host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"absolute form, userinfo", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"absolute form, other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"HTTP/0.9", "GET /\r\n\r\n", kBadRequest},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", {}},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", kHttpVersion},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", kHttpVersion},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", kBadRequest},
      {"http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", kBadRequest},
      {"LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", kBadRequest},
      {"LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", kBadRequest},
      {"LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", kBadRequest},
      {"CR inside a line", Hosted("X: a\rb\r\n"), kBadRequest},
      {"CR CR LF", Hosted("X: a\r\r\n"), kBadRequest},
      {"NUL in a value", Hosted("X: a\0b\r\n"s), kBadRequest},
      {"DEL in a value", Hosted("X: a\x7F\r\n"), kBadRequest},
      {"vertical tab in a value", Hosted("X: a\vb\r\n"), kBadRequest},
      {"HTAB in a value", Hosted("X: a\tb\r\n"), {}},
      {"bytes over 127 in a value", Hosted("X: \xFF\x80\r\n"), {}},
      {"folded with a space", Hosted("X: a\r\n b\r\n"), kBadRequest},
      {"folded with a tab", Hosted("X: a\r\n\tb\r\n"), kBadRequest},
      {"folded first line", Get(" Host: a\r\n"), kBadRequest},
      {"space before the colon", Hosted("X : a\r\n"), kBadRequest},
      {"tab before the colon", Hosted("X\t: a\r\n"), kBadRequest},
      {"no colon", Hosted("X\r\n"), kBadRequest},
      {"empty name", Hosted(": a\r\n"), kBadRequest},
      {"name with a bracket", Hosted("X[0]: a\r\n"), kBadRequest},
      {"empty value", Hosted("X:\r\n"), {}},
      {"underscore in a name", Hosted("X_Y: a\r\n"), {}},
      {"Content_Length", Hosted("Content_Length: 5\r\n"), kBadRequest},
      {"Transfer_Encoding", Hosted("Transfer_Encoding: chunked\r\n"), kBadRequest},
      {"no Host", Get(""), kBadRequest},
      {"two Hosts", Get("Host: a\r\nHost: a\r\n"), kBadRequest},
      {"two different Hosts", Get("Host: a\r\nhost: b\r\n"), kBadRequest},
      {"empty Host", Get("Host:\r\n"), kBadRequest},
      {"Host with a list", Get("Host: a, b\r\n"), kBadRequest},
      {"Host with userinfo", Get("Host: u@a\r\n"), kBadRequest},
      {"Host with a path", Get("Host: a/b\r\n"), kBadRequest},
      {"Host with a space", Get("Host: a b\r\n"), kBadRequest},
      {"Host with a port", Get("Host: a:8099\r\n"), {}},
      {"Host with an empty port", Get("Host: a:\r\n"), kBadRequest},
      {"Host with a bad port", Get("Host: a:99999\r\n"), kBadRequest},
      {"Host with a word as port", Get("Host: a:x\r\n"), kBadRequest},
      {"Host IPv4", Get("Host: 10.0.0.7:80\r\n"), {}},
      {"Host IPv6", Get("Host: [::1]:80\r\n"), {}},
      {"Host IPv6 without brackets", Get("Host: ::1\r\n"), kBadRequest},
      {"Host IPv6 unfinished", Get("Host: [::1\r\n"), kBadRequest},
      {"Host IPv6 nonsense", Get("Host: [x]\r\n"), kBadRequest},
      {"Host with underscore", Get("Host: sample_processor:8099\r\n"), {}},
      {"Content-Length", Hosted("Content-Length: 5\r\n"), {}},
      {"Content-Length 0", Hosted("Content-Length: 0\r\n"), {}},
      {"Content-Length of 19 digits", Hosted("Content-Length: 1000000000000000000\r\n"), {}},
      {"Content-Length of 20 digits", Hosted("Content-Length: 10000000000000000000\r\n"),
       kBadRequest},
      {"Content-Length twice, equal", Hosted("Content-Length: 5\r\nContent-Length: 5\r\n"),
       kBadRequest},
      {"Content-Length twice, different", Hosted("Content-Length: 5\r\nContent-Length: 6\r\n"),
       kBadRequest},
      {"Content-Length list", Hosted("Content-Length: 5, 5\r\n"), kBadRequest},
      {"Content-Length signed", Hosted("Content-Length: +5\r\n"), kBadRequest},
      {"Content-Length negative", Hosted("Content-Length: -1\r\n"), kBadRequest},
      {"Content-Length hexadecimal", Hosted("Content-Length: 0x5\r\n"), kBadRequest},
      {"Content-Length empty", Hosted("Content-Length:\r\n"), kBadRequest},
      {"Content-Length with a unit", Hosted("Content-Length: 5 5\r\n"), kBadRequest},
      {"chunked", Hosted("Transfer-Encoding: chunked\r\n"), {}},
      {"chunked, other case", Hosted("transfer-encoding: Chunked\r\n"), {}},
      {"chunked with space around", Hosted("Transfer-Encoding: \t chunked \t\r\n"), {}},
      {"chunked twice", Hosted("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       kBadRequest},
      {"chunked, chunked", Hosted("Transfer-Encoding: chunked, chunked\r\n"), kNotImplemented},
      {"gzip, chunked", Hosted("Transfer-Encoding: gzip, chunked\r\n"), kNotImplemented},
      {"chunked, gzip", Hosted("Transfer-Encoding: chunked, gzip\r\n"), kNotImplemented},
      {"identity", Hosted("Transfer-Encoding: identity\r\n"), kNotImplemented},
      {"xchunked", Hosted("Transfer-Encoding: xchunked\r\n"), kNotImplemented},
      {"quoted chunked", Hosted("Transfer-Encoding: \"chunked\"\r\n"), kNotImplemented},
      {"chunked with a parameter", Hosted("Transfer-Encoding: chunked;q=1\r\n"), kNotImplemented},
      {"empty coding", Hosted("Transfer-Encoding:\r\n"), kNotImplemented},
      {"chunked behind a vertical tab", Hosted("Transfer-Encoding: \vchunked\r\n"), kBadRequest},
      {"chunked and length", Hosted("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       kBadRequest},
      {"length and chunked", Hosted("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       kBadRequest},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", kBadRequest},
      {"Expect", Hosted("Expect: 100-Continue\r\n"), {}},
      {"unknown Expect", Hosted("Expect: cake\r\n"), kExpectationFailed},
  };
  return cases;
}

TEST_CASE("each head has its verdict, whole and byte by byte") {
  for (const Case& c : Cases()) {
    INFO(c.name);
    const Verdict whole = Whole(c.head);
    const Verdict pieces = ByteByByte(c.head);
    if (c.refused) {
      REQUIRE_FALSE(whole);
      CHECK(whole.error().code == *c.refused);
      REQUIRE_FALSE(pieces);
      CHECK(pieces.error() == whole.error());
    } else {
      INFO((whole ? "" : whole.error().message));
      REQUIRE(whole);
      REQUIRE(whole->has_value());
      CHECK((*whole)->head_bytes == c.head.size());
      REQUIRE(pieces);
      REQUIRE(pieces->has_value());
      CHECK((*pieces)->head_bytes == c.head.size());
    }
  }
}

TEST_CASE("the framing is what the head says") {
  const auto sized = Whole("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 42\r\n\r\nrest");
  REQUIRE(sized);
  REQUIRE(sized->has_value());
  CHECK((*sized)->content_length == 42u);
  CHECK_FALSE((*sized)->chunked);
  CHECK((*sized)->head_bytes == 48);
  const auto chunked = Whole(
      "\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n");
  REQUIRE(chunked);
  REQUIRE(chunked->has_value());
  CHECK((*chunked)->chunked);
  CHECK((*chunked)->expects_continue);
  CHECK((*chunked)->skipped == 2);
}

TEST_CASE("limits of the head hold at limit - 1, limit and limit + 1") {
  const auto code = [](const Verdict& verdict) {
    return verdict ? std::optional<ErrorCode>() : verdict.error().code;
  };
  SECTION("bytes") {
    for (const int over : {-1, 0, 1}) {
      const std::string before = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
      const std::size_t filling = 16384 - before.size() - 4;
      const std::string head =
          before + std::string(filling + static_cast<std::size_t>(over), 'x') + "\r\n\r\n";
      REQUIRE(head.size() == static_cast<std::size_t>(16384 + over));
      const auto expected = over <= 0 ? std::optional<ErrorCode>() : ErrorCode::kHeadTooLarge;
      CHECK(code(Whole(head)) == expected);
      CHECK(code(ByteByByte(head)) == expected);
    }
  }
  SECTION("fields") {
    for (const int fields : {99, 100, 101}) {
      std::string lines = "Host: a\r\n";
      for (int i = 1; i < fields; ++i) lines += "X: y\r\n";
      const auto expected = fields <= 100 ? std::optional<ErrorCode>() : ErrorCode::kHeadTooLarge;
      CHECK(code(Whole(Get(lines))) == expected);
      CHECK(code(ByteByByte(Get(lines))) == expected);
    }
  }
  SECTION("target") {
    for (const std::size_t size : {8191u, 8192u, 8193u, 9000u}) {
      const std::string head =
          "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
      const auto expected = size <= 8192 ? std::optional<ErrorCode>() : ErrorCode::kUriTooLong;
      CHECK(code(Whole(head)) == expected);
      CHECK(code(ByteByByte(head)) == expected);
    }
  }
}

TEST_CASE("a head without an end is refused at the limit, not waited for") {
  CHECK(Whole(std::string(8192 + 65, 'G')).error().code == ErrorCode::kUriTooLong);
  CHECK(Whole("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x')).error().code ==
        ErrorCode::kHeadTooLarge);
}

}  // namespace
}  // namespace sampleproc::http
