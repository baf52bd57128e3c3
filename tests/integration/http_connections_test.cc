// How connections end, stay, and are counted.
#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_clock.h"
#include "support/raw_client.h"
#include "support/test_server.h"

namespace sampleproc::http {
namespace {

using test::kHello;
using test::PostRequest;
using test::RawClient;
using test::TestServer;

TEST_CASE("a client that closes while its request is in work has the work cancelled") {
  TestServer server;
  auto gone = std::make_unique<RawClient>(server.server->port());
  gone->Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  server.WaitForLater();
  CHECK_FALSE(server.cancel.Cancelled());
  gone.reset();
  while (!server.cancel.Cancelled()) std::this_thread::yield();
  server.AnswerLater();  // to nobody
  RawClient client(server.server->port());
  client.Send(kHello);
  CHECK(client.Read()->status == 200);
}

TEST_CASE("requests in a row on one connection leave room for those of others") {
  Options options;
  options.io_threads = 1;
  TestServer server(options);
  const std::string probe = "GET /probe HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient other(server.server->port());
  other.Send(probe);
  REQUIRE(other.Read());
  constexpr int kMany = 80;  // as many as are read at once
  std::string row = "GET /block HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < kMany; ++i) row += kHello;
  RawClient greedy(server.server->port());
  greedy.Send(row);
  server.WaitForBlocked();
  other.Send(probe);
  other.WaitUntilTaken();
  server.Unblock();
  REQUIRE(other.Read());
  CHECK(server.hellos_at_probe < kMany / 4);
  for (int i = 0; i < 1 + kMany; ++i) CHECK(greedy.Read()->status == 200);
}

TEST_CASE("a client that has closed its sending half only is answered") {
  TestServer server;
  RawClient client(server.server->port());
  client.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ShutdownSend();
  server.WaitForLater();
  server.AnswerLater();
  auto response = client.Read();
  while (response && response->status == 102) response = client.Read();  // of a slow machine
  REQUIRE(response);
  CHECK(response->status == 200);
}

TEST_CASE("a client that has closed its sending half is told that its slow request is in work") {
  TestServer server;
  RawClient client(server.server->port());
  client.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ShutdownSend();
  server.WaitForLater();
  const auto interim = client.Read();
  REQUIRE(interim);
  CHECK(interim->status == 102);
  CHECK_FALSE(server.cancel.Cancelled());
  server.AnswerLater();
  auto response = client.Read();
  while (response && response->status == 102) response = client.Read();
  REQUIRE(response);
  CHECK(response->status == 200);
}

TEST_CASE("a refused HEAD has no body, whatever its head says") {
  TestServer server;
  for (const char* head :
       {"HEAD /hello HTTP/1.1\r\n\r\n", "HEAD /hello HTTP/1.1\r\nHost: a b\r\n\r\n",
        "HEAD /hello HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"}) {
    RawClient client(server.server->port());
    client.Send(head);
    const auto response = client.Read(true);
    REQUIRE(response);
    CHECK(response->status == 400);
    CHECK(client.EndsSilently());
  }
}

TEST_CASE("a body that keeps coming but too slowly is ended") {
  Options options;
  options.body_min_rate = 1'000'000'000;
  options.body_rate_grace = std::chrono::milliseconds(60);
  TestServer server(options);
  RawClient client(server.server->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
  std::jthread sender([&](const std::stop_token& stop) {
    // Not faster: the server has to get its turn on a busy machine too.
    while (!stop.stop_requested() && client.Send("x")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  CHECK(client.Read()->status == 408);
}

TEST_CASE("a connection ends with the answer to its last allowed request") {
  Options options;
  options.max_requests_per_connection = 3;
  TestServer server(options);
  RawClient client(server.server->port());
  for (int i = 0; i < 5; ++i) client.Send(kHello);
  for (const char* connection : {"", "", "close"}) {
    const auto response = client.Read();
    REQUIRE(response);
    CHECK(response->Field("Connection") == connection);
  }
  CHECK(client.EndsSilently());
}

TEST_CASE("a connection goes on behind a small body that was refused unread") {
  Options options;
  options.max_request_bytes = 100;
  TestServer server(options);
  RawClient client(server.server->port());
  const std::string small(128 * 1024, 'x');
  // The body is no request, whatever stands in it.
  const std::string posing = PostRequest("/nowhere", "", std::string(kHello));
  for (const std::string& refused :
       {PostRequest("/nowhere", "", small), PostRequest("/echo", "", small), posing}) {
    client.Send(refused);
    const auto refusal = client.Read();
    REQUIRE(refusal);
    CHECK((refusal->status == 404 || refusal->status == 413));
    CHECK(refusal->Field("Connection").empty());
    client.Send(kHello);
    const auto next = client.Read();
    REQUIRE(next);
    CHECK(next->body == "{\"hello\":1}");
  }
  client.SendByteByByte(posing + std::string(kHello));
  CHECK(client.Read()->status == 404);
  CHECK(client.Read()->status == 200);
  CHECK(server.budget.used() == 0);
}

TEST_CASE("a connection ends behind a refused body that is large or has no certain end") {
  TestServer server;
  const std::string head = "POST /nowhere HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& refused : {PostRequest("/nowhere", "", std::string(128 * 1024 + 1, 'x')),
                                     head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                     head + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"}) {
    RawClient client(server.server->port());
    client.Send(refused);
    const auto refusal = client.Read();
    REQUIRE(refusal);
    CHECK(refusal->status == 404);
    CHECK(refusal->Field("Connection") == "close");
    CHECK(client.EndsSilently());
  }
}

TEST_CASE("a refused body that does not come ends its connection") {
  Options options;
  options.body_timeout = std::chrono::milliseconds(50);
  TestServer server(options);
  RawClient client(server.server->port());
  client.Send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc");
  CHECK(client.Read()->status == 404);
  CHECK(client.EndsSilently());
}

TEST_CASE("clients that are gone at any byte leave nothing behind") {
  Options options;
  options.max_request_bytes = 4096;
  TestServer server(options, 1u << 20);
  const std::string sized = PostRequest("/echo", "", std::string(3000, 'x'));
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3e8\r\n" +
      std::string(1000, 'x') + "\r\n0\r\nX: y\r\n\r\n" + std::string(kHello);
  std::uint32_t random = 1;
  for (int i = 0; i < 2000; ++i) {
    const std::string& request = i % 2 == 0 ? sized : chunked;
    random = random * 1664525 + 1013904223;  // Numerical Recipes' generator
    RawClient client(server.server->port());
    client.Send(std::string_view(request).substr(0, random % request.size()));
    if (i % 3 == 0) client.ResetOnClose();
  }
  // As long as the server has not seen all of them leave it rightly has no room for one more.
  for (int status = 0; status != 200;) {
    RawClient client(server.server->port());
    client.Send(kHello);
    if (const auto response = client.Read()) status = response->status;
  }
  while (server.server->connections() > 0) std::this_thread::yield();
  CHECK(server.budget.used() == 0);
}

TEST_CASE("slow heads and bodies are ended, idle connections closed without a word") {
  // One limit at a time: a client that the machine keeps from sending must not meet another one.
  const auto quick = std::chrono::milliseconds(60);
  Options options;
  options.header_timeout = quick;
  {
    TestServer server(options);
    for (bool heard = false; !heard;) {  // by the server, before it was too late for a first byte
      RawClient head(server.server->port());
      head.Send("GET /hello HT");
      const auto response = head.Read();
      heard = response.has_value();
      CHECK((!heard || response->status == 408));
      CHECK(head.EndsSilently());
    }
    RawClient silent(server.server->port());
    CHECK(silent.EndsSilently());
  }
  options = {};
  options.body_timeout = quick;
  {
    TestServer server(options);
    RawClient body(server.server->port());
    body.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    const auto response = body.Read();
    REQUIRE(response);
    CHECK(response->status == 408);
  }
  options = {};
  options.idle_timeout = quick;
  TestServer server(options);
  RawClient idle(server.server->port());
  idle.Send(kHello);
  REQUIRE(idle.Read());
  CHECK(idle.EndsSilently());
}

TEST_CASE("HTTP/1.0 and Connection: close end the connection after the answer") {
  TestServer server;
  for (const char* request :
       {"GET /hello HTTP/1.0\r\n\r\n", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}) {
    RawClient client(server.server->port());
    client.Send(request);
    const auto response = client.Read();
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->Field("Connection") == "close");
    CHECK(client.EndsSilently());
  }
}

TEST_CASE("a drain closes idle connections and finishes the others") {
  TestServer server;
  RawClient idle(server.server->port());
  idle.Send(kHello);
  REQUIRE(idle.Read());
  RawClient busy(server.server->port());
  busy.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  server.WaitForLater();
  server.server->BeginDrain();
  CHECK(idle.EndsSilently());
  CHECK(server.server->AwaitRequests({base::SystemClock(), std::chrono::nanoseconds(0)}) == 1);
  auto left = std::async(std::launch::async, [&] { return server.server->AwaitRequests({}); });
  server.AnswerLater();
  CHECK(left.get() == 0);
  const auto response = busy.Read();
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->Field("Connection") == "close");
  CHECK(busy.EndsSilently());
}

TEST_CASE("who connects before listening ends is answered; who comes later is refused") {
  // So long a connection is waited for that has not asked yet when the drain begins. Whose end came
  // later may be a client that the machine kept from asking, which is cut off rightly.
  constexpr std::chrono::milliseconds kLastChance{250};
  for (int round = 0; round < 3; ++round) {
    TestServer server;
    std::atomic<int> answered = 0;
    std::atomic<int> reset = 0;
    std::vector<std::jthread> clients(8);
    for (auto& client : clients) {
      client = std::jthread([&] {
        for (;;) {
          std::optional<RawClient> connection;
          const base::Deadline in_time(base::SystemClock(), kLastChance);
          try {
            connection.emplace(server.server->port());
          } catch (const std::runtime_error&) {
            return;  // refused
          }
          const bool whole = connection->Send(kHello) && connection->Read();
          if (whole) ++answered;
          if (!whole && !in_time.Expired()) ++reset;
        }
      });
    }
    while (answered < 200) std::this_thread::yield();
    server.server->BeginDrain();
    server.server->StopAccepting();
    CHECK(server.server->AwaitSockets({}) == 0);
    server.server->Stop();
    clients.clear();  // each of them has been refused
    CHECK(reset == 0);
  }
}

TEST_CASE("a client that sends a whole refused body before it reads gets its answer") {
  Options options;
  options.max_request_bytes = 100;
  TestServer server(options);
  const std::string request = PostRequest("/echo", "", std::string(20u << 20, 'x'));
  std::optional<RawClient> client;
  for (bool sent = false; !sent;) {
    // It is read away for as long as it keeps coming: the machine may stop that.
    const base::Deadline silence(base::SystemClock(), std::chrono::seconds(1));
    client.emplace(server.server->port());
    sent = client->Send(request);
    REQUIRE((sent || silence.Expired()));
  }
  const auto refusal = client->Read();
  REQUIRE(refusal);
  CHECK(refusal->status == 413);
  CHECK(client->EndsSilently());
}

TEST_CASE("a reader that takes its answer too slowly is cut off") {
  Options options;
  options.write_min_rate = 1'000'000'000;
  options.body_rate_grace = std::chrono::milliseconds(60);
  TestServer server(options);
  RawClient client(server.server->port());
  client.Send(kHello);  // the connection is counted
  CHECK(client.Read()->status == 200);
  client.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  while (server.server->connections() > 0) std::this_thread::yield();
  CHECK_FALSE(client.Read());
}

TEST_CASE("a reader that takes its answer slowly but steadily is not cut off") {
  Options options;
  options.write_timeout = std::chrono::milliseconds(1000);
  options.body_rate_grace = std::chrono::milliseconds(2000);
  options.write_min_rate = 1024;
  testing::FakeClock clock;
  TestServer server(options, 64u << 20, clock);
  RawClient client(server.server->port(), 8 * 1024);
  client.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  // Less than what the kernel waits for before it asks for more of the answer.
  for (int round = 0; round < 40; ++round) {
    REQUIRE(client.Take(32u << 10));
    clock.Advance(options.write_timeout * 3 / 4);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the limits are looked at
  }
  CHECK(server.server->connections() == 1);
  // No longer than that after it has stopped.
  while (server.server->connections() > 0) {
    clock.Advance(options.write_timeout);
    std::this_thread::yield();
  }
}

TEST_CASE("stopping with connections in every state leaves nothing behind") {
  for (int round = 0; round < 20; ++round) {
    TestServer server;
    RawClient idle(server.server->port());
    idle.Send(kHello);
    REQUIRE(idle.Read());
    RawClient head(server.server->port());
    head.Send("GET /hel");
    RawClient body(server.server->port());
    body.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    RawClient busy(server.server->port());
    busy.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    server.WaitForLater();
    server.server->Stop();
    server.AnswerLater();
    const auto cut_off = busy.Read();
    REQUIRE(cut_off);
    CHECK(cut_off->status == 503);
    CHECK(cut_off->Field("Connection") == "close");
  }
}

TEST_CASE("a head or a body that is cut off by a stop is told so") {
  Options options;
  options.io_threads = 1;  // which takes what comes in its order
  TestServer server(options);
  RawClient body(server.server->port());
  body.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  RawClient head(server.server->port());
  head.Send("GET /hello HTTP/1.1\r\nHo");
  RawClient busy(server.server->port());
  busy.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  server.WaitForLater();
  server.server->Stop();
  server.AnswerLater();
  for (RawClient* client : {&body, &head}) {
    const auto cut_off = client->Read();
    REQUIRE(cut_off);
    CHECK(cut_off->status == 503);
    CHECK(cut_off->body.find("the service ends, before the") != std::string::npos);
  }
}

TEST_CASE("a port in use is refused, whatever the number of I/O threads") {
  TestServer server;
  for (const int threads : {1, 3}) {
    Options options;
    options.port = server.server->port();
    options.io_threads = threads;
    const auto site = std::make_shared<const Site>(Site{options, Router({}), Chain({})});
    const auto second = Server::Listen({site, server.budget, base::SystemClock(), server.log});
    REQUIRE_FALSE(second);
    CHECK(second.error().code == base::ErrorCode::kUnavailable);
  }
}

TEST_CASE("several I/O threads share one port") {
  Options options;
  options.io_threads = 3;
  TestServer server(options);
  for (int i = 0; i < 30; ++i) {
    RawClient client(server.server->port());
    client.Send(kHello);
    CHECK(client.Read()->status == 200);
  }
}

}  // namespace
}  // namespace sampleproc::http
