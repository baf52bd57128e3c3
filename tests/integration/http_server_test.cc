#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <thread>

#include "support/raw_client.h"
#include "support/test_server.h"

namespace sampleproc::http {
namespace {

using test::kHello;
using test::PostRequest;
using test::RawClient;
using test::RawResponse;
using test::TestServer;

void CheckSecurityHeaders(const RawResponse& response) {
  CHECK(response.Field("X-Content-Type-Options") == "nosniff");
  CHECK(response.Field("X-Frame-Options") == "DENY");
  CHECK(response.Field("X-XSS-Protection") == "1; mode=block");
  CHECK(response.Field("Referrer-Policy") == "strict-origin-when-cross-origin");
  CHECK(response.Field("Cache-Control") == "no-store");
  CHECK_FALSE(response.Field("X-Request-ID").empty());
  CHECK(response.Field("Date").ends_with(" GMT"));
  CHECK(response.Field("Server").empty());
}

TEST_CASE("requests of one connection are answered in order, pipelined or not") {
  TestServer server;
  RawClient client(server.server->port());
  for (int i = 0; i < 3; ++i) {
    client.Send(kHello);
    const auto response = client.Read();
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == "{\"hello\":1}");
    CHECK(response->Field("Connection").empty());
    CheckSecurityHeaders(*response);
  }
  std::string pipeline;
  for (int i = 0; i < 500; ++i) pipeline += PostRequest("/echo", "", std::to_string(i));
  std::jthread sender([&] { client.Send(pipeline); });
  for (int i = 0; i < 500; ++i) {
    const auto response = client.Read();
    REQUIRE(response);
    CHECK(response->body == std::to_string(i));
  }
}

TEST_CASE("a request means the same byte by byte") {
  TestServer server;
  RawClient client(server.server->port());
  client.SendByteByByte(PostRequest("/echo", "", "hello"));
  client.SendByteByByte(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nHost: evil\r\n\r\n");
  client.SendByteByByte(kHello);
  for (const char* expected : {"hello", "hello", "{\"hello\":1}"}) {
    const auto response = client.Read();
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == expected);
  }
}

TEST_CASE("HEAD has the fields of GET and no body") {
  TestServer server;
  RawClient client(server.server->port());
  client.Send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto response = client.Read(true);
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->Field("Content-Length") == "11");
  client.Send(kHello);
  CHECK(client.Read()->body == "{\"hello\":1}");
}

TEST_CASE("unknown paths and methods are refused with what is known") {
  TestServer server;
  RawClient client(server.server->port());
  client.Send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  auto response = client.Read();
  CHECK(response->status == 404);
  CHECK(response->Field("Content-Type") == "application/problem+json");
  CheckSecurityHeaders(*response);
  client.Send("PUT /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  response = client.Read();
  CHECK(response->status == 405);
  CHECK(response->Field("Allow") == "GET, HEAD, OPTIONS");
  client.Send(kHello);
  CHECK(client.Read()->status == 200);
}

TEST_CASE("a malformed head is answered once and the connection closed") {
  TestServer server;
  RawClient client(server.server->port());
  client.Send(
      "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
      std::string(kHello));
  const auto response = client.Read();
  REQUIRE(response);
  CHECK(response->status == 400);
  CHECK(response->Field("Connection") == "close");
  CheckSecurityHeaders(*response);
  CHECK(client.EndsSilently());
}

TEST_CASE("the body limit holds at limit - 1, limit and limit + 1, sized and chunked") {
  Options options;
  options.max_request_bytes = 100'000;
  TestServer server(options);
  for (const std::size_t size : {99'999u, 100'000u, 100'001u}) {
    const std::string body(size, 'x');
    const int expected = size <= 100'000 ? 200 : 413;
    RawClient sized(server.server->port());
    std::jthread sender([&] { sized.Send(PostRequest("/echo", "", body)); });
    auto response = sized.Read();
    REQUIRE(response);
    CHECK(response->status == expected);
    CHECK((expected == 413 || response->body == body));

    RawClient chunked(server.server->port());
    char head[160];
    std::snprintf(head, sizeof head,
                  "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                  size);
    std::jthread other([&] { chunked.Send(head + body + "\r\n0\r\n\r\n"); });
    response = chunked.Read();
    REQUIRE(response);
    CHECK(response->status == expected);
    CHECK((expected == 413 || response->body == body));
  }
  CHECK(server.budget.used() == 0);
}

TEST_CASE("a refusal comes before 100 Continue, which comes before the body") {
  Options options;
  options.max_request_bytes = 1000;
  TestServer server(options);
  RawClient refused(server.server->port());
  refused.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  CHECK(refused.Read()->status == 413);
  CHECK(refused.EndsSilently());

  RawClient client(server.server->port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.Read()->status == 100);
  client.Send("hello");
  CHECK(client.Read()->body == "hello");
}

TEST_CASE("a body the budget has no room for is refused as overload and read nothing of") {
  TestServer server({}, 1000);
  const auto held = server.budget.TryReserve(600, "the test");
  RawClient client(server.server->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n");
  const auto response = client.Read();
  REQUIRE(response);
  CHECK(response->status == 503);
  CHECK(response->Field("Retry-After") == "1");
}

TEST_CASE("an answer given by another thread arrives; meanwhile others are answered") {
  TestServer server;
  RawClient slow(server.server->port());
  slow.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  server.WaitForLater();
  RawClient quick(server.server->port());
  quick.Send(kHello);
  CHECK(quick.Read()->status == 200);
  server.AnswerLater();
  CHECK(slow.Read()->body == "{\"late\":1}");
}

TEST_CASE("no answer within the request deadline is 504, and the work is told to stop") {
  Options options;
  options.request_deadline = std::chrono::milliseconds(50);
  TestServer server(options);
  RawClient client(server.server->port());
  client.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  server.WaitForLater();
  const auto response = client.Read();
  REQUIRE(response);
  CHECK(response->status == 504);
  CHECK(server.cancel.Cancelled());
  server.AnswerLater();  // too late: it must not become the answer of the next request
  client.Send(kHello);
  CHECK(client.Read()->body == "{\"hello\":1}");
}

TEST_CASE("a responder that is dropped answers 500, a handler out of memory 503") {
  TestServer server;
  RawClient client(server.server->port());
  client.Send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.Read()->status == 500);
  client.Send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.Read()->status == 503);
  client.Send(kHello);
  CHECK(client.Read()->status == 200);
}

}  // namespace
}  // namespace sampleproc::http
