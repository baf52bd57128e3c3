// A RedisSource whose conditions and metrics a test looks at.
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "support/null_logger.h"
#include "support/redis_frames.h"
#include "telemetry/conditions.h"
#include "telemetry/registry.h"

namespace sampleproc::consumer::testing {

// A source whose refusals can be seen.
struct Watched {
  explicit Watched(const RedisServer& server, const RedisOptions& options = StreamOptions())
      : Watched(server.Connect(), base::SystemClock(), options) {}
  Watched(net::ConnectStream connect, const base::Clock& clock,
          const RedisOptions& options = StreamOptions())
      : source({.connect = std::move(connect),
                .login = {},
                .clock = clock,
                .consumer = "c1",
                .processor_id = "p",
                .server = "redis:6379",
                .metrics = &metrics,
                .conditions = &conditions},
               options, frame::Options{}) {}

  // Waits until the board says so.
  std::vector<telemetry::Condition> Await(std::size_t count) {
    const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
    while (true) {
      auto list = conditions.List();
      if (list.size() == count) return list;
      REQUIRE_FALSE(deadline.Expired());
    }
  }
  std::future<bool> Begin(const Delivery& delivery, Ending ending, std::string_view reason = "",
                          std::size_t camera = 0) {
    auto answer = std::make_shared<std::promise<bool>>();
    source.Settle({.ticket = delivery.ticket,
                   .ending = ending,
                   .frame_id = delivery.entry.frame_id,
                   .record = ending == Ending::kDone ? "{}" : "",
                   .reason = reason,
                   .camera = camera},
                  [answer](bool ours) { answer->set_value(ours); });
    return answer->get_future();
  }

  test::NullLogger log;
  telemetry::Registry registry{base::SystemClock()};
  Metrics metrics{registry};
  telemetry::Conditions conditions{base::SystemClock(), log};
  RedisSource source;
};

}  // namespace sampleproc::consumer::testing
