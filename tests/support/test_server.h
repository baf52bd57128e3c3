// A server with a few routes, in the test's process.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/middleware/body_admission.h"
#include "http/middleware/request_id.h"
#include "http/middleware/security_headers.h"
#include "http/server.h"
#include "support/null_logger.h"

namespace sampleproc::test {

// /hello answers at once, /block as well when the test has let it go, which holds up its whole
// loop, /probe as well and whatever the limits, /large with more than a socket
// holds, /echo gives the body back, /later answers when the test says so, /drop never does, /throw
// has no memory.
class TestServer {
 public:
  explicit TestServer(const http::Options& given = {}, std::size_t budget_bytes = 64u << 20,
                      const base::Clock& clock = base::SystemClock())
      : options(Adjusted(given)), budget(budget_bytes), site(MakeSite()) {
    auto listening = http::Server::Listen({site, budget, clock, log});
    REQUIRE(listening);
    server = std::move(*listening);
    server->Start();
  }

  ~TestServer() { server->Stop(); }

  void WaitForLater() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [this] { return parked != nullptr; });
  }
  void AnswerLater() {
    const std::lock_guard lock(mutex);
    parked->Send(http::JsonResponse("{\"late\":1}"));
    parked.reset();
  }

  void WaitForBlocked() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [this] { return blocked; });
  }
  void Unblock() {
    const std::lock_guard lock(mutex);
    blocked = false;
    arrived.notify_all();
  }

  const http::Options options;
  resources::MemoryBudget budget;
  NullLogger log;
  std::mutex mutex;
  std::condition_variable arrived;
  std::unique_ptr<http::Responder> parked;
  base::CancelFlag cancel;
  bool blocked = false;
  std::atomic<int> hellos = 0;           // that were answered
  std::atomic<int> hellos_at_probe = 0;  // when /probe was asked last
  std::shared_ptr<const http::Site> site;
  std::unique_ptr<http::Server> server;

 private:
  // Limits in time that a test does not set are none that a slow machine meets.
  static http::Options Adjusted(http::Options options) {
    options.port = 0;
    const http::Options usual;
    for (const auto limit : {&http::Options::header_timeout, &http::Options::body_timeout,
                             &http::Options::body_rate_grace, &http::Options::write_timeout,
                             &http::Options::idle_timeout, &http::Options::request_deadline}) {
      if (options.*limit == usual.*limit) options.*limit = std::chrono::hours(1);
    }
    return options;
  }
  std::shared_ptr<const http::Site> MakeSite() {
    std::vector<http::Route> routes = {
        {http::Method::kGet, "/hello",
         [this](http::Request&, http::Responder respond) {
           ++hellos;
           respond.Send(http::JsonResponse("{\"hello\":1}"));
         }},
        {http::Method::kGet, "/block",
         [this](http::Request&, http::Responder respond) {
           std::unique_lock lock(mutex);
           blocked = true;
           arrived.notify_all();
           arrived.wait(lock, [this] { return !blocked; });
           respond.Send(http::JsonResponse("{}"));
         }},
        {.method = http::Method::kGet,
         .path = "/probe",
         .handler =
             [this](http::Request&, http::Responder respond) {
               hellos_at_probe = hellos.load();
               respond.Send(http::JsonResponse("{}"));
             },
         .unlimited = true},
        {http::Method::kGet, "/large",
         [](http::Request&, http::Responder respond) {
           respond.Send(http::JsonResponse(std::string(32u << 20, 'x')));
         }},
        {http::Method::kPost, "/echo",
         [](http::Request& request, http::Responder respond) {
           respond.Send(http::JsonResponse(std::string(base::AsText(request.body))));
         }},
        {http::Method::kGet, "/later",
         [this](http::Request& request, http::Responder respond) {
           const std::lock_guard lock(mutex);
           cancel = request.allowance.cancel;
           parked = std::make_unique<http::Responder>(std::move(respond));
           arrived.notify_all();
         }},
        {http::Method::kGet, "/drop", [](http::Request&, http::Responder) {}},
        {http::Method::kGet, "/throw",
         [](http::Request&, http::Responder) { throw std::bad_alloc(); }}};
    return std::make_shared<const http::Site>(
        http::Site{options, http::Router(std::move(routes)), http::Chain(Links())});
  }
  std::vector<std::unique_ptr<http::Middleware>> Links() {
    std::vector<std::unique_ptr<http::Middleware>> links;
    links.push_back(std::make_unique<http::RequestId>(1));
    links.push_back(std::make_unique<http::SecurityHeaders>());
    links.push_back(std::make_unique<http::BodyAdmission>(options.max_request_bytes, budget));
    return links;
  }
};

inline constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace sampleproc::test
