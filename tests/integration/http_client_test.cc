// The client for upstreams, against a service of ours and against servers that misbehave.
#include "net/http_client.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "support/fake_clock.h"
#include "support/http_upstream.h"
#include "support/service_client.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Ok;
using test::Upstream;

Resolve Loopback(std::atomic<int>* queries = nullptr) {
  return [queries](const std::string&,
                   const base::Allowance&) -> base::Result<std::vector<std::string>> {
    if (queries != nullptr) ++*queries;
    return std::vector<std::string>{"127.0.0.1"};
  };
}

Url UrlOf(std::uint16_t port) { return *ParseUrl("http://localhost:" + std::to_string(port)); }

// A port that is taken, so that nobody else gets it, and takes no connection.
class DeafPort {
 public:
  DeafPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }

 private:
  base::Descriptor socket_;
  std::uint16_t port_ = 0;
};

TEST_CASE("a pool never has more connections than its size, and reuses them") {
  const auto service = test::StartService();
  Options options;
  options.pool_size = 3;
  HttpClient* pool = nullptr;
  // Those that came first are on their way until somebody waits for them.
  const Resolve when_full =
      [&](const std::string& host,
          const base::Allowance& allowance) -> base::Result<std::vector<std::string>> {
    while (pool->counts().waits == 0 && allowance.Check("a look-up")) std::this_thread::yield();
    return Loopback()(host, allowance);
  };
  HttpClient client(UrlOf(service->port()), options, when_full, base::SystemClock());
  pool = &client;
  std::atomic<int> well = 0;
  std::latch all_there(16);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        all_there.arrive_and_wait();
        for (int k = 0; k < 20; ++k) {
          const auto answer = client.Ask({.target = "/livez"}, 1000, {});
          if (answer && answer->status == 200 && answer->body == R"({"status":"alive"})") ++well;
        }
      });
    }
  }
  CHECK(well == 320);
  const HttpClientCounts counts = client.counts();
  CHECK(counts.requests == 320);
  CHECK(counts.opened <= 3);
  CHECK(counts.opened + counts.reused == 320);
  CHECK(counts.waits > 0);
}

TEST_CASE("what an answer says") {
  Upstream upstream([](int number) -> std::string {
    if (number == 0)
      return "HTTP/1.1 100 Continue\r\n\r\n" + Ok("x", "Content-Type: Text/Plain; q=1\r\n");
    if (number == 1) {
      return "HTTP/1.1 429 No\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    }
    if (number == 2) return "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end";
  });
  const Options options;
  HttpClient client(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
  auto answer = client.Ask({}, 100, {});
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "x");
  CHECK(answer->content_type == "text/plain");
  CHECK_FALSE(answer->retry_after);
  answer = client.Ask({}, 100, {});
  REQUIRE(answer);
  CHECK(answer->status == 429);
  CHECK(answer->body == "abcde");
  CHECK(answer->retry_after == seconds(7));
  answer = client.Ask({}, 100, {});
  REQUIRE(answer);
  CHECK(answer->status == 302);
  answer = client.Ask({}, 100, {});
  REQUIRE(answer);
  CHECK(answer->body == "to the end");
  CHECK(client.counts().opened == 1);
  CHECK(upstream.requests() == 4);
}

TEST_CASE(
    "a kept connection that was closed is replaced, once and only where asking twice is well") {
  Upstream upstream([](int number) { return number % 2 == 0 ? Ok("a") : ""; });
  const Options options;
  HttpClient client(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
  REQUIRE(client.Ask({}, 100, {}));
  CHECK(client.Ask({}, 100, {}));  // closed on it, asked again
  CHECK(upstream.requests() == 3);
  const auto refused = client.Ask({.method = "POST", .body = "x", .idempotent = false}, 100, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(upstream.requests() == 4);
}

TEST_CASE("a kept connection that the peer has closed is seen before a request goes into it") {
  // As the original's frame buffer does after its 500.
  Upstream upstream([](int number) { return Ok("a", number == 0 ? "X-Closes: unsaid\r\n" : ""); });
  const Options options;
  HttpClient client(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
  REQUIRE(client.Ask({}, 100, {}));
  const HttpRequest once{.method = "POST", .body = "x", .idempotent = false};
  {
    // Answered only when the first connection is closed: one is served after the other.
    HttpClient after(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
    REQUIRE(after.Ask({}, 100, {}));
  }
  CHECK(client.Ask(once, 100, {}));
  CHECK(client.Ask(once, 100, {}));
  CHECK(client.counts().opened == 2);
  CHECK(client.counts().reused == 1);
  CHECK(upstream.requests() == 4);
}

TEST_CASE("what is no whole answer, or too much of one, in bounded time") {
  struct Case {
    std::string answer;
    ErrorCode code;
  };
  for (const Case& c :
       {Case{"", ErrorCode::kUnavailable}, Case{"SSH-2.0-x\r\n", ErrorCode::kIo},
        Case{std::string(1000, '\xFF'), ErrorCode::kIo},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc",
             ErrorCode::kUnavailable},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", ErrorCode::kTooLarge},
        Case{Ok(std::string(101, 'x')), ErrorCode::kTooLarge},
        Case{"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'), ErrorCode::kIo},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ErrorCode::kIo},
        Case{"HTTP/1.1 200 OK\r\nContent-Le", ErrorCode::kRequestTimeout},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", ErrorCode::kRequestTimeout}}) {
    CAPTURE(c.answer.substr(0, 60));
    Upstream upstream([&](int) { return c.answer; });
    Options options;
    // Where the timeout is what is asked: what is to be heard before it may take its time.
    if (c.code == ErrorCode::kRequestTimeout) options.read_timeout = milliseconds(200);
    HttpClient client(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
    const auto answer = client.Ask({}, 100, {});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == c.code);
  }
}

TEST_CASE("there is room for a body before it is read, at once or piece by piece") {
  const std::string body(300'000, 'x');
  const auto chunked = [&] {
    std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 3; ++i) answer += "186a0\r\n" + body.substr(0, 100'000) + "\r\n";
    return answer + "0\r\n\r\n";
  };
  const Upstream upstream([&](int number) {
    if (number == 1) return chunked();
    return "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body;
  });
  const Options options;
  HttpClient client(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
  std::vector<std::size_t> asked_for;
  const auto ask = [&](std::size_t most) {
    asked_for.clear();
    return client.Ask({}, 1'000'000, {}, [&, most](std::size_t bytes) -> base::Result<void> {
      asked_for.push_back(bytes);
      if (bytes <= most) return {};
      return base::Fail(ErrorCode::kOverloaded, "no room");
    });
  };
  CHECK(ask(300'000).value().body == body);
  CHECK(asked_for == std::vector<std::size_t>{300'000});
  CHECK(ask(1'000'000).value().body == body);
  CHECK(asked_for.size() > 1);
  CHECK(std::ranges::is_sorted(asked_for));
  CHECK(asked_for.back() >= body.size());
  CHECK(ask(299'999).error().code == ErrorCode::kOverloaded);
}

TEST_CASE("who is gone is looked up again at once, and cancelling ends a wait") {
  const DeafPort closed;
  std::atomic<int> queries = 0;
  const Options options;
  HttpClient client(UrlOf(closed.port()), options, Loopback(&queries), base::SystemClock());
  CHECK_FALSE(client.Ask({}, 100, {}));
  CHECK(queries == 1);  // it was fresh
  CHECK_FALSE(client.Ask({}, 100, {}));
  CHECK(queries == 2);

  Upstream silent([](int) -> std::string { return "H"; });
  HttpClient waiting(UrlOf(silent.port()), options, Loopback(), base::SystemClock());
  const base::Allowance allowance;
  const std::jthread cancel([&] {
    while (silent.requests() == 0) std::this_thread::yield();
    allowance.cancel.Cancel();
  });
  const auto answer = waiting.Ask({}, 100, allowance);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::kCancelled);
}

TEST_CASE("who takes no connection is left alone for a while") {
  const DeafPort closed;
  testing::FakeClock clock;
  std::atomic<int> queries = 0;
  const Options options;
  HttpClient client(UrlOf(closed.port()), options, Loopback(&queries), clock);
  for (int i = 0; i < Circuit::kTries + 5; ++i) {
    const auto answer = client.Ask({}, 100, {});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::kUnavailable);
  }
  CHECK(queries == Circuit::kTries);
  CHECK(client.counts().circuits_opened == 1);
  clock.Advance(Circuit::kShortest);
  CHECK_FALSE(client.Ask({}, 100, {}));
  CHECK(queries == Circuit::kTries + 1);
  client.Reset();
  CHECK_FALSE(client.Ask({}, 100, {}));
  CHECK(queries == Circuit::kTries + 2);
}

TEST_CASE("callers that were in a hurry say nothing about who was to be asked") {
  Upstream upstream([](int) { return Ok("a"); });
  std::atomic<bool> slow = true;
  const Resolve resolve =
      [&](const std::string& host,
          const base::Allowance& allowance) -> base::Result<std::vector<std::string>> {
    while (slow && allowance.Check("a look-up")) std::this_thread::yield();
    if (slow) return base::Fail(ErrorCode::kRequestTimeout, "no answer");
    return Loopback()(host, allowance);
  };
  const Options options;
  HttpClient client(UrlOf(upstream.port()), options, resolve, base::SystemClock());
  for (int i = 0; i < 2 * Circuit::kTries; ++i) {
    CHECK_FALSE(client.Ask({}, 100, base::Allowance().Within(std::chrono::milliseconds(5))));
  }
  slow = false;
  CHECK(client.Ask({}, 100, {}));
  CHECK(client.counts().circuits_opened == 0);
}

TEST_CASE("credentials of the URL are sent, and idle connections closed after a while") {
  testing::FakeClock clock;
  Upstream upstream([](int) { return Ok("a"); });
  const Options options;
  HttpClient client(*ParseUrl("http://u:p@upstream:" + std::to_string(upstream.port())), options,
                    Loopback(), clock);
  REQUIRE(client.Ask({}, 100, {}));
  clock.Advance(HttpClient::kKeep - seconds(1));
  REQUIRE(client.Ask({}, 100, {}));
  CHECK(client.counts().opened == 1);
  clock.Advance(HttpClient::kKeep);
  REQUIRE(client.Ask({}, 100, {}));
  CHECK(client.counts().opened == 2);
  client.Reset();
  REQUIRE(client.Ask({}, 100, {}));
  CHECK(client.counts().opened == 3);
}

TEST_CASE("an answer whose status is enough is not waited for each time that its body is late") {
  // Never whole, on a connection that stays.
  Upstream upstream(
      [](int) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"); });
  const Options options;
  HttpClient client(UrlOf(upstream.port()), options, Loopback(), base::SystemClock());
  int at_once = 0;
  for (int i = 0; i < 60; ++i) {
    const base::Deadline wait(base::SystemClock(), seconds(1));  // for the first body
    const auto answer = client.Ask({.method = "POST", .body = "x", .status_only = true}, 100, {});
    if (!wait.Expired()) ++at_once;
    REQUIRE(answer);
    CHECK(answer->status == 200);
  }
  CHECK(client.counts().opened == 60);  // what may still come is for nobody
  CHECK(at_once > 30);                  // however slow the machine is at some of them
}

}  // namespace
}  // namespace sampleproc::net
