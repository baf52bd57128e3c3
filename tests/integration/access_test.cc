// Who may ask, and how often, of a whole service.
#include <catch2/catch.hpp>
#include <string>

#include "support/service_client.h"
#include "support/temp_dir.h"

namespace sampleproc::service {
namespace {

using test::Ask;
using test::PostRequest;
using test::RawClient;
using test::RawResponse;

std::unique_ptr<Service> Start(config::Config config) {
  config.http.port = 0;
  auto service = Service::Start(config, base::SystemClock(), std::make_shared<test::NullLogger>());
  REQUIRE(service);
  return std::move(*service);
}

std::string Get(const std::string& path, const std::string& fields = "Host: localhost\r\n") {
  return "GET " + path + " HTTP/1.1\r\n" + fields + "\r\n";
}

TEST_CASE("a client has 60 requests a minute, and may look at the service all the while") {
  const auto service = Start({});
  const std::string curl =
      PostRequest("/process", "Content-Type: application/x-www-form-urlencoded\r\n",
                  R"({"frame_data":"test"})");
  int refused_for_what_it_is = 0, refused_for_number = 0;
  for (int i = 0; i < 100; ++i) {
    const RawResponse response =
        Ask(*service, i % 2 == 0 ? curl
                                 : PostRequest("/process",
                                               "Content-Type: application/x-www-form-urlencoded\r\n"
                                               "X-Forwarded-For: 203.0.113." +
                                                   std::to_string(i) + "\r\n",
                                               R"({"frame_data":"test"})"));
    CHECK(response.Field("RateLimit-Policy") == "\"default\";q=60;w=60");
    if (response.status == 415) ++refused_for_what_it_is;
    if (response.status != 429) continue;
    ++refused_for_number;
    const int seconds = std::stoi(response.Field("Retry-After"));
    CHECK(seconds >= 1);
    CHECK(seconds <= 60);
    CHECK(response.body.find("rate-limited") != std::string::npos);
  }
  CHECK(refused_for_what_it_is == 60);
  CHECK(refused_for_number == 40);
  for (const char* path : {"/health", "/livez"}) {
    const RawResponse response = Ask(*service, Get(path));
    CHECK(response.status == 200);
    CHECK(response.Field("RateLimit").empty());
  }
}

TEST_CASE("what happened may be read after all of the quota, but not by who has no token") {
  testing::TempDir dir;
  config::Config config;
  config.http.max_requests_per_minute = 2;
  config.http.auth_tokens_file =
      dir.Write("tokens", "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e gate\n")
          .string();
  const auto service = Start(config);
  const std::string token = "Host: localhost\r\nAuthorization: Bearer first\r\n";
  for (const int status : {200, 200, 429}) CHECK(Ask(*service, Get("/", token)).status == status);
  for (const char* path : {"/events", "/events/x", "/events/x/snapshot.jpg"}) {
    CAPTURE(path);
    CHECK(Ask(*service, Get(path, token)).status == 404);  // there is no history
  }
  for (const int status : {401, 401, 429}) CHECK(Ask(*service, Get("/events")).status == status);
}

TEST_CASE("behind a trusted proxy each client has its own quota") {
  config::Config config;
  config.http.max_requests_per_minute = 1;
  config.http.trusted_proxies = {"127.0.0.0/8"};
  const auto service = Start(config);
  const auto from = [&](const std::string& client) {
    return Ask(*service, Get("/", "Host: localhost\r\nX-Forwarded-For: " + client + "\r\n")).status;
  };
  CHECK(from("203.0.113.1") == 200);
  CHECK(from("203.0.113.1") == 429);
  CHECK(from("9.9.9.9, 203.0.113.1") == 429);
  CHECK(from("203.0.113.2") == 200);
}

TEST_CASE("a host that is not ours is refused before the body is asked for") {
  config::Config config;
  config.http.allowed_hosts = {"cam.example.com"};
  const auto service = Start(config);
  const std::string address = "127.0.0.1:" + std::to_string(service->port());
  for (const std::string& host : {std::string("cam.example.com"), std::string("localhost"), address,
                                  std::string("sample-processor:8099")}) {
    CHECK(Ask(*service, Get("/health", "Host: " + host + "\r\n")).status == 200);
  }
  for (const char* path : {"/health", "/livez", "/", "/nothing"}) {
    CHECK(Ask(*service, Get(path, "Host: evil.com\r\n")).status == 400);
  }
  CHECK(Ask(*service, "GET http://evil.com/health HTTP/1.1\r\nHost: evil.com\r\n\r\n").status ==
        400);
  // The field came with HTTP/1.1.
  CHECK(Ask(*service, "GET / HTTP/1.0\r\n\r\n").status == 200);
  const RawResponse early =
      Ask(*service,
          "POST /process HTTP/1.1\r\nHost: evil.com\r\nExpect: 100-continue\r\n"
          "Content-Length: 1000\r\n\r\n");
  CHECK(early.status == 400);
  CHECK(early.Field("Connection") == "close");
}

TEST_CASE("with tokens only who shows one gets in, each with its own quota") {
  testing::TempDir dir;
  config::Config config;
  config.http.max_requests_per_minute = 2;
  config.http.cors_origins = {"https://app.example.com"};
  config.http.auth_tokens_file =
      dir.Write("tokens", "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e gate\n")
          .string();
  const auto service = Start(config);
  const auto with = [&](const std::string& fields) {
    return Ask(*service, Get("/", "Host: localhost\r\n" + fields));
  };
  CHECK(with("Authorization: Bearer first\r\n").status == 200);
  const RawResponse without = with("Origin: https://app.example.com\r\n");
  CHECK(without.status == 401);
  CHECK(without.Field("WWW-Authenticate") == "Bearer");
  CHECK(without.Field("Access-Control-Allow-Origin") == "https://app.example.com");
  const RawResponse preflight =
      Ask(*service,
          "OPTIONS /process HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\n"
          "Access-Control-Request-Method: POST\r\n\r\n");
  CHECK(preflight.status == 204);
  CHECK(with("Authorization: Bearer guess\r\n").status == 429);  // guesses are counted
  CHECK(with("Authorization: Bearer first\r\n").status == 200);
  CHECK(with("Authorization: Bearer first\r\n").status == 429);
  CHECK(Ask(*service, Get("/health")).status == 200);
}

TEST_CASE("options say what a path answers") {
  const auto service = Start({});
  const auto options = [&](const std::string& target) {
    RawClient client(service->port());
    client.Send("OPTIONS " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return *client.Read(true);
  };
  CHECK(options("/health").status == 204);
  CHECK(options("/health").Field("Allow") == "GET, HEAD, OPTIONS");
  CHECK(options("/health").Field("Content-Length").empty());
  CHECK(options("*").status == 204);
  CHECK(options("*").Field("Allow").find("POST") != std::string::npos);
  CHECK(options("/nothing").status == 404);
}

TEST_CASE("a service that could not keep its promises does not start") {
  testing::TempDir dir;
  config::Config config;
  config.http.port = 0;
  config.http.auth_tokens_file = (dir.path() / "missing").string();
  const auto service =
      Service::Start(config, base::SystemClock(), std::make_shared<test::NullLogger>());
  REQUIRE_FALSE(service);
  CHECK(service.error().code == base::ErrorCode::kConfig);
}

}  // namespace
}  // namespace sampleproc::service
