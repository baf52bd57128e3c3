#include "loadtest/response_reader.h"

#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

using State = ResponseReader::State;

// Reads `text` in pieces of `step` bytes; how many were taken.
std::size_t Read(ResponseReader& reader, std::string_view text, std::size_t step,
                 bool is_head = false, std::size_t kept = 1000) {
  reader.Begin(is_head, kept);
  std::size_t taken = 0;
  while (taken < text.size() && reader.state() != State::kDone &&
         reader.state() != State::kBroken) {
    taken += reader.Feed(text.substr(taken, step));
  }
  return taken;
}

TEST_CASE("answers are read whatever the pieces they come in") {
  struct Case {
    std::string_view text;
    int status;
    std::string_view body;
    bool closes;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false},
      {"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, "", false},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", false},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, "", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok",
       false},
      {"HTTP/1.1 503 x\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx", 503, "x", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nB\r\n, it is me.\r\n"
       "0\r\nX: y\r\n\r\n",
       200, "hello, it is me.", false},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n!", 201, "!",
       false},
  };
  for (const Case& c : cases) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, c.text.size()}) {
      CAPTURE(c.text, step);
      ResponseReader reader;
      CHECK(Read(reader, c.text, step) == c.text.size());
      CHECK(reader.state() == State::kDone);
      CHECK(reader.status() == c.status);
      CHECK(reader.body() == c.body);
      CHECK(reader.closes() == c.closes);
    }
  }
}

TEST_CASE("answer: interim heads are passed over while they have an end") {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string few;
  for (int i = 0; i < 64; ++i) few += interim;
  const std::string whole = few + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, whole.size()}) {
    CAPTURE(step);
    ResponseReader reader;
    CHECK(Read(reader, whole, step) == whole.size());
    CHECK(reader.state() == State::kDone);
    CHECK(reader.status() == 200);
    Read(reader, few + interim + whole, step);
    CHECK(reader.state() == State::kBroken);
  }
}

TEST_CASE("answer: a head is too long, or none, whatever the pieces it comes in") {
  const auto head = [](std::size_t size) {
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
    return start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n";
  };
  struct Case {
    std::string text;
    State state;
  };
  const Case cases[] = {
      {head(64 * 1024), State::kDone},
      {head(64 * 1024 + 1), State::kBroken},
      {head(200'000), State::kBroken},
      {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", State::kBroken},
      {"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n", State::kBroken},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", State::kBroken},
  };
  for (const Case& c : cases) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{4096}, c.text.size()}) {
      CAPTURE(c.text.substr(0, 60), c.text.size(), step);
      ResponseReader reader;
      Read(reader, c.text, step);
      CHECK(reader.state() == c.state);
    }
  }
}

TEST_CASE("what follows an answer is left alone") {
  ResponseReader reader;
  const std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP";
  CHECK(Read(reader, text, text.size()) == text.size() - 4);
  CHECK(reader.state() == State::kDone);
}

TEST_CASE("an answer to HEAD has no body") {
  ResponseReader reader;
  Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 100, true);
  CHECK(reader.state() == State::kDone);
}

TEST_CASE("only the end of the connection ends a body without a length") {
  ResponseReader reader;
  Read(reader, "HTTP/1.1 200 OK\r\n\r\nabc", 4);
  CHECK(reader.state() == State::kBody);
  reader.FeedEnd();
  CHECK(reader.state() == State::kDone);
  CHECK(reader.closes());
  CHECK(reader.body() == "abc");

  Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", 4);
  reader.FeedEnd();
  CHECK(reader.state() == State::kBroken);
}

TEST_CASE("of a long body as much is kept as was asked for") {
  ResponseReader reader;
  Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", 3, false, 4);
  CHECK(reader.state() == State::kDone);
  CHECK(reader.body() == "0123");
}

TEST_CASE("what is no HTTP is seen") {
  for (const std::string_view text :
       {"SSH-2.0-x\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"}) {
    CAPTURE(text);
    ResponseReader reader;
    Read(reader, text, 100);
    CHECK(reader.state() == State::kBroken);
  }
  ResponseReader reader;
  Read(reader, "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), 5'000);
  CHECK(reader.state() == State::kBroken);
}

TEST_CASE("what cannot become HTTP is seen before its head ends") {
  for (const std::string_view text :
       {"SSH-2.0-OpenSSH_9", "\r\n", "HTTP/2 200", "HTTP/1.x", "HTTP/1.1 OK"}) {
    for (const std::size_t step : {std::size_t{1}, text.size()}) {
      CAPTURE(text, step);
      ResponseReader reader;
      Read(reader, text, step);
      CHECK(reader.state() == State::kBroken);
    }
  }
  for (const std::string_view text : {"H", "HTTP/1.", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nA"}) {
    ResponseReader reader;
    Read(reader, text, 1);
    CHECK(reader.state() == State::kHead);
  }
}

TEST_CASE("fields are found by name in any case") {
  ResponseReader reader;
  Read(reader, "HTTP/1.1 200 OK\r\nX-Frame-Options:  DENY \r\nContent-Length: 0\r\n\r\n", 5);
  CHECK(reader.Field("x-frame-options") == "DENY");
  CHECK(reader.Field("x-frame") == "");
}

}  // namespace
}  // namespace sampleproc::loadtest
