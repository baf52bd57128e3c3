// A whole service in this process, and one request at a time to it.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "service/service.h"
#include "support/null_logger.h"
#include "support/raw_client.h"

namespace sampleproc::test {

// A service on a free port, without a rate limit and with deadlines that no machine is too slow
// for, unless `change` says otherwise.
inline std::unique_ptr<service::Service> StartService(
    const std::function<void(config::Config&)>& change = {}) {
  config::Config config;
  config.http.port = 0;
  config.http.max_requests_per_minute = 0;
  config.process.deadline = std::chrono::minutes(5);
  config.http.request_deadline = std::chrono::minutes(5);
  if (change) change(config);
  auto service =
      service::Service::Start(config, base::SystemClock(), std::make_shared<NullLogger>());
  REQUIRE(service);
  return std::move(*service);
}

// The answer to a request on a connection of its own.
inline RawResponse Ask(const service::Service& service, const std::string& request) {
  RawClient client(service.port());
  client.Send(request);
  auto response = client.Read();
  REQUIRE(response);
  return *response;
}

}  // namespace sampleproc::test
