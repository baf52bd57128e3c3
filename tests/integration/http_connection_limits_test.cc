// Connections over a limit: what they are told, and who is heard all the same.
#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "support/raw_client.h"
#include "support/test_server.h"

namespace sampleproc::http {
namespace {

using test::kHello;
using test::RawClient;
using test::TestServer;

constexpr const char* kProbe = "GET /probe HTTP/1.1\r\nHost: a\r\n\r\n";

// A server whose only place is taken.
class FullServer {
 public:
  FullServer() {
    first_.Send(kHello);
    CHECK(first_.Read()->status == 200);
  }
  std::uint16_t port() const { return server_.server->port(); }

 private:
  static Options OneConnection() {
    Options options;
    options.max_connections = 1;
    return options;
  }
  TestServer server_{OneConnection()};
  RawClient first_{server_.server->port()};
};

TEST_CASE("connections over the limit are told so, and there is room again when one ends") {
  for (const bool per_client : {false, true}) {
    Options options;
    (per_client ? options.max_connections_per_client : options.max_connections) = 2;
    TestServer server(options);
    RawClient first(server.server->port());
    first.Send(kHello);
    CHECK(first.Read()->status == 200);
    auto second = std::make_unique<RawClient>(server.server->port());
    second->Send(kHello);
    CHECK(second->Read()->status == 200);
    RawClient third(server.server->port());
    const auto refusal = third.Read();
    REQUIRE(refusal);
    CHECK(refusal->status == 503);
    CHECK(refusal->Field("Retry-After") == "1");
    CHECK(refusal->Field("Connection") == "close");
    second.reset();
    while (server.server->connections() > 2) std::this_thread::yield();
    for (int status = 503; status != 200;) {
      RawClient again(server.server->port());
      again.Send(kHello);
      const auto response = again.Read();
      if (response) status = response->status;
    }
  }
}

TEST_CASE("as many connections are taken as the memory has room for, and never fewer than 16") {
  TestServer server({}, 1u << 20);
  std::deque<RawClient> within;
  for (int i = 0; i < 16; ++i) {
    within.emplace_back(server.server->port()).Send(kHello);
    CHECK(within.back().Read()->status == 200);
  }
  RawClient other(server.server->port());
  other.Send(kHello);
  CHECK(other.Read()->status == 503);
}

TEST_CASE("a probe is answered where a connection is one too many, and only once") {
  FullServer full;
  for (int status = 503; status != 200;) {  // who asks too late is refused
    RawClient probe(full.port());
    probe.Send(kProbe);
    const auto answer = probe.Read();
    REQUIRE(answer);
    status = answer->status;
    CHECK((status == 200 || status == 503));
    CHECK(answer->Field("Connection") == "close");
    CHECK(probe.EndsSilently());
  }
  RawClient other(full.port());
  other.Send(kHello);
  CHECK(other.Read()->status == 503);
}

TEST_CASE("connections over the limit that ask nothing keep no probe from being heard") {
  FullServer full;
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 100; ++i) {
    silent.push_back(std::make_unique<RawClient>(full.port()));
  }
  RawClient probe(full.port());
  probe.Send(kProbe);
  const auto answer = probe.Read();
  REQUIRE(answer);
  CHECK((answer->status == 200 || answer->status == 503));
}

}  // namespace
}  // namespace sampleproc::http
