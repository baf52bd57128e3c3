#include "service/service.h"

#include <dlfcn.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <latch>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "support/base64_encode.h"
#include "support/null_logger.h"
#include "support/places.h"
#include "support/raw_client.h"
#include "support/samples.h"
#include "unit/detect/model_maker.h"
#include "unit/detect/runtimes.h"

namespace sampleproc::service {
namespace {

using std::chrono::milliseconds;
using test::PostRequest;
using test::RawClient;
using test::RawResponse;

std::string JsonBody(base::ByteView picture, const std::string& metadata = "{}") {
  return "{\"frame_data\":\"" + test::EncodeBase64(picture) + "\",\"metadata\":" + metadata + "}";
}

std::unique_ptr<Service> StartService(config::Config config) {
  config.http.port = 0;
  config.http.max_requests_per_minute = 0;
  // A sanitizer on a busy machine is slow, and no limit in real time is what these tests are about.
  config.process.deadline = std::chrono::minutes(5);
  config.http.request_deadline = std::chrono::minutes(5);
  auto service = Service::Start(config, base::SystemClock(), std::make_shared<test::NullLogger>());
  REQUIRE(service);
  return std::move(*service);
}

RawResponse Ask(std::uint16_t port, const std::string& request) {
  RawClient client(port);
  std::jthread sender([&] { client.Send(request); });
  auto response = client.Read();
  REQUIRE(response);
  return *response;
}

// The answer without what depends on the clock.
std::string Timeless(std::string body) {
  body = std::regex_replace(body, std::regex("\"(processing_time_ms|took_ms)\":[0-9.e-]+,?"), "");
  body = std::regex_replace(body, std::regex("\"timestamp\":\"[^\"]*\",?"), "");
  return std::regex_replace(body, std::regex(",?\"times_ms\":\\{[^}]*\\}"), "");
}

TEST_CASE("a picture has the same detections as JSON and as a binary body") {
  config::Config config;
  config.process.pipeline = {"stats", "faces"};
  const auto service = StartService(config);
  const base::ByteBuffer picture = test::Sample("messi5.jpg");

  const RawResponse json =
      Ask(service->port(), PostRequest("/process", "Content-Type: application/json\r\n",
                                       JsonBody(picture, "{\"frame_id\":\"f1\"}")));
  CHECK(json.status == 200);
  CHECK(json.Field("Content-Type") == "application/json");
  CHECK(json.body.find("\"frame_id\":\"f1\"") != std::string::npos);
  CHECK(json.body.find("\"total_objects\":1") != std::string::npos);
  CHECK(json.body.find("\"class\":\"face\"") != std::string::npos);

  const std::string bytes(base::AsText(picture));
  for (const char* type :
       {"Content-Type: image/jpeg\r\n", "Content-Type: application/octet-stream\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n", ""}) {
    const RawResponse binary =
        Ask(service->port(), PostRequest("/process?frame_id=f1", type, bytes));
    CHECK(Timeless(binary.body) == Timeless(json.body));
  }
  const RawResponse plain = Ask(service->port(), PostRequest("/process", "", JsonBody(picture)));
  CHECK(plain.status == 200);
  CHECK(plain.body.find("\"frame_id\":\"api_frame_") != std::string::npos);
}

TEST_CASE("what is wrong with a frame is said, with its place, and nothing of it repeated") {
  const auto service = StartService({});
  const std::string json = "Content-Type: application/json\r\n";
  struct Case {
    std::string fields, body;
    int status;
    std::string says;
  };
  const std::vector<Case> cases = {
      {json, "", 422, "json_invalid"},
      {json, "{", 422, "json_invalid"},
      {json, "[]", 422, "object_type"},
      {json, "{}", 422, "\"loc\":[\"body\",\"frame_data\"]"},
      {json, R"({"frame_data":5})", 422, "string_type"},
      {json, R"({"frame_data":"secretsecret!"})", 422, "base64"},
      {json, R"({"frame_data":"c2VjcmV0c2VjcmV0"})", 415, "JPEG"},
      {json, R"({"frame_data":"AAAA","frame_data":"AAAA"})", 422, "duplicate_key"},
      {"Content-Type: image/png\r\n", "secretsecret", 415, "JPEG"},
      {"Content-Type: text/plain\r\n", "secretsecret", 415, "application/json"},
      {"Content-Type: image/jpeg\r\n", "\xFF\xD8\xFF\xD9", 422, "invalid-frame"},
      {"", R"({"frame_data":"test"})", 415, "JPEG"},  // the user's own example
  };
  for (const Case& c : cases) {
    INFO(c.body);
    const RawResponse response = Ask(service->port(), PostRequest("/process", c.fields, c.body));
    INFO(response.body);
    CHECK(response.status == c.status);
    CHECK(response.Field("Content-Type") == "application/problem+json");
    CHECK(response.body.find(c.says) != std::string::npos);
    CHECK(response.body.find("secret") == std::string::npos);
    CHECK(response.Field("X-Content-Type-Options") == "nosniff");
  }
  const RawResponse bad_id = Ask(
      service->port(), PostRequest("/process?frame_id=a%0Ab", "Content-Type: image/png\r\n", "x"));
  CHECK(bad_id.status == 422);
  CHECK(bad_id.body.find("\"loc\":[\"query\",\"frame_id\"]") != std::string::npos);
}

TEST_CASE("pixels without a header are described in the query or in the metadata") {
  const auto service = StartService({});
  const std::string binary = "Content-Type: application/octet-stream\r\n";
  const auto post = [&](const std::string& query, const std::string& body) {
    return Ask(service->port(), PostRequest("/process" + query, binary, body));
  };
  const std::string pixels(24, 'x');  // "xxx" in base64 is "eHh4"
  const RawResponse right = post("?format=nv12&width=4&height=4", pixels);
  INFO(right.body);
  CHECK(right.status == 200);
  CHECK(right.body.find("nv12") != std::string::npos);
  CHECK(right.body.find("format_mismatch") == std::string::npos);

  const RawResponse longer = post("?format=nv12&width=4&height=4", pixels + "x");
  CHECK(longer.status == 422);
  CHECK(longer.body.find("would have 24 bytes, it has 25") != std::string::npos);
  const RawResponse no_sides = post("?format=nv12", pixels);
  CHECK(no_sides.status == 422);
  CHECK(no_sides.body.find("need width and height") != std::string::npos);
  const RawResponse bad_side = post("?format=nv12&width=4&height=0", pixels);
  CHECK(bad_side.status == 422);
  CHECK(bad_side.body.find("\"loc\":[\"query\",\"height\"]") != std::string::npos);
  CHECK(post("?width=4&height=4", pixels).status == 415);

  std::string base64;
  for (int i = 0; i < 8; ++i) base64 += "eHh4";
  const RawResponse in_json = Ask(
      service->port(), PostRequest("/process", "Content-Type: application/json\r\n",
                                   R"({"frame_data":")" + base64 +
                                       R"(","metadata":{"format":"bgr24","width":4,"height":2}})"));
  INFO(in_json.body);
  CHECK(in_json.status == 200);
}

TEST_CASE("a full queue refuses at once and the service goes on") {
  config::Config config;
  config.process.workers = 1;
  config.process.queue_depth = 1;
  config.process.delay = std::chrono::milliseconds(400);
  const auto service = StartService(config);
  const std::string request = PostRequest("/process", "Content-Type: image/jpeg\r\n",
                                          std::string(base::AsText(test::Sample("messi5.jpg"))));
  std::atomic<int> answered = 0, refused = 0;
  int asked = 0;
  while (answered + refused == asked && refused == 0) {  // until three came together
    std::vector<std::jthread> clients;
    for (int i = 0; i < 12; ++i) {
      clients.emplace_back([&] {
        RawClient client(service->port());
        client.Send(request);
        const auto response = client.Read();
        if (response && response->status == 200) ++answered;
        // After a second, or more where the machine took that long for a frame.
        if (response && response->status == 503 && !response->Field("Retry-After").empty()) {
          ++refused;
        }
      });
    }
    clients.clear();
    asked += 12;
  }
  CHECK(answered + refused == asked);
  CHECK(answered >= 1);
  CHECK(Ask(service->port(), request).status == 200);
}

TEST_CASE("a frame that finds no memory waits for its patience, then is refused with Retry-After") {
  config::Config config;
  config.process.workers = 2;
  config.process.pipeline = {"stats"};
  config.process.delay = std::chrono::minutes(1);  // whoever has memory keeps it
  config.process.budget_patience = std::chrono::milliseconds(20);
  config.resources.memory_limit = 900'000;  // two bodies and one picture
  config.service.shutdown_timeout = std::chrono::milliseconds(1);
  const auto service = StartService(config);
  const std::string request = PostRequest("/process", "Content-Type: image/jpeg\r\n",
                                          std::string(base::AsText(test::Sample("messi5.jpg"))));
  std::latch answered(1);
  std::atomic<int> refused = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      RawClient client(service->port());
      client.Send(request);
      const auto response = client.Read();
      if (!response || response->status != 503 || response->Field("Retry-After") != "1") return;
      if (response->body.find("no memory for decoding this frame") == std::string::npos) return;
      if (++refused == 1) answered.count_down();
    });
  }
  answered.wait();
  service->Shutdown();  // ends the other one
  clients.clear();
  CHECK(refused == 1);
}

TEST_CASE("shutting down lets the request in work end") {
  config::Config config;
  config.process.delay = std::chrono::milliseconds(200);
  const auto service = StartService(config);
  RawClient client(service->port());
  // One after the other, so that one is in work whenever this thread gets to look.
  const std::string frame =
      PostRequest("/process?format=gray8&width=2&height=2",
                  "Content-Type: application/octet-stream\r\n", std::string(4, 'x'));
  for (int i = 0; i < 100; ++i) client.Send(frame);
  // /health says when a frame is in work; only then is there something to wait for.
  while (Ask(service->port(), "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
             .body.find("\"active_frames\":1") == std::string::npos) {
    std::this_thread::yield();
  }
  CHECK(service->Shutdown() == ShutdownResult::kClean);
  int answered = 0;
  while (const auto response = client.Read()) {
    CHECK(response->status == 200);
    ++answered;
  }
  CHECK(answered >= 1);
}

TEST_CASE("two services of different configurations share nothing") {
  config::Config one;
  one.process.pipeline = {"stats"};
  one.service.name = "one";
  one.http.max_request_bytes = 2'000'000;
  config::Config two;
  two.process.pipeline = {"faces"};
  two.process.faces.min_size = 80;
  two.process.simulate_gpu = true;
  two.service.name = "two";
  two.http.max_request_bytes = 70'000;
  const auto first = StartService(one);
  const auto second = StartService(two);
  const std::string small(base::AsText(test::Sample("left01.jpg")));
  const std::string large(base::AsText(test::Sample("messi5.jpg")));

  std::vector<std::jthread> clients;
  std::atomic<int> wrong = 0;
  const auto drive = [&](std::uint16_t port, bool is_first) {
    for (int i = 0; i < 6; ++i) {
      RawClient client(port);
      client.Send(PostRequest("/process", "Content-Type: image/jpeg\r\n", small));
      auto response = client.Read();
      const bool has_gpu = response && response->body.find("simulated_gpu") != std::string::npos;
      if (!response || response->status != 200) ++wrong;
      if (has_gpu == is_first) ++wrong;
      if (response && (response->body.find("\"histogram\"") != std::string::npos) != is_first) {
        ++wrong;
      }
      RawClient other(port);
      std::jthread sender(
          [&] { other.Send(PostRequest("/process", "Content-Type: image/jpeg\r\n", large)); });
      response = other.Read();
      if (!response || response->status != (is_first ? 200 : 413)) ++wrong;
      RawClient health(port);
      health.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
      response = health.Read();
      const char* name = is_first ? "\"service\":\"one\"" : "\"service\":\"two\"";
      if (!response || response->body.find(name) == std::string::npos) ++wrong;
    }
  };
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(drive, first->port(), true);
    clients.emplace_back(drive, second->port(), false);
  }
  clients.clear();
  CHECK(wrong == 0);
}

// How long each run of a network takes from now on, besides its own time.
void PauseNetworks(std::chrono::milliseconds pause) {
  using Pause = std::atomic<int>& (*)();
  void* const module = ::dlopen(testing::kSlowNetworks, RTLD_NOW | RTLD_NOLOAD);
  REQUIRE(module != nullptr);
  reinterpret_cast<Pause>(::dlsym(module, "slow_networks_pause_ms"))() =
      static_cast<int>(pause.count());
}

TEST_CASE("a network whose runs outlast their frames is a condition until one is over in time") {
  constexpr milliseconds kDeadline{100};
  const detect::ModelFile model(detect::OneCup());
  config::Config config;
  config.http.port = 0;
  config.http.max_requests_per_minute = 0;
  config.process.deadline = kDeadline;
  config.process.pipeline = {"objects"};
  config.process.models.opencv_module = testing::kSlowNetworks;
  detect::DetectorOptions& detector = config.process.detectors.front();
  detector.model = model.path();
  detector.labels = {"cat", "cup"};
  detector.runtime = detect::RuntimeChoice::kOpencv;
  const auto service =
      Service::Start(config, base::SystemClock(), std::make_shared<test::NullLogger>());
  REQUIRE(service);
  const std::string frame =
      PostRequest("/process?format=gray8&width=8&height=8",
                  "Content-Type: application/octet-stream\r\n", std::string(64, 'x'));
  // After a frame, whatever became of it: on a busy machine its time may be over anywhere.
  const auto health = [&] {
    Ask((*service)->port(), frame);
    (*service)->LookAfterWorkers();
    return Ask((*service)->port(), "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").body;
  };
  const auto is_told = [](const std::string& body) {
    return body.find(R"("name":"detector","subject":"objects")") != std::string::npos;
  };
  CHECK_FALSE(is_told(health()));
  PauseNetworks(2 * kDeadline);
  std::string told = health();
  while (!is_told(told)) told = health();
  INFO(told);
  CHECK(told.find(R"("status":"degraded")") != std::string::npos);
  CHECK(told.find("a frame has 100 ms (process.deadline)") != std::string::npos);
  PauseNetworks(milliseconds(0));
  while (is_told(health())) continue;
}

}  // namespace
}  // namespace sampleproc::service
