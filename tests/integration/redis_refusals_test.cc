// Settlements that Redis refuses: told once, in nobody's way, done when Redis takes them again.
#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <string>

#include "support/null_logger.h"
#include "support/redis_frames.h"
#include "telemetry/conditions.h"
#include "telemetry/metrics.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

// A source whose refusals can be seen.
struct Watched {
  explicit Watched(const RedisServer& server, const RedisOptions& options = StreamOptions())
      : source({.connect = server.Connect(),
                .login = {},
                .clock = base::SystemClock(),
                .consumer = "c1",
                .processor_id = "p",
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
  std::future<bool> Begin(const Delivery& delivery, Ending ending, std::string_view reason = "") {
    auto answer = std::make_shared<std::promise<bool>>();
    source.Settle({.ticket = delivery.ticket,
                   .ending = ending,
                   .frame_id = delivery.entry.frame_id,
                   .record = ending == Ending::kDone ? "{}" : "",
                   .reason = reason},
                  [answer](bool ours) { answer->set_value(ours); });
    return answer->get_future();
  }

  test::NullLogger log;
  telemetry::Metrics metrics{base::SystemClock(), "0"};
  telemetry::Conditions conditions{base::SystemClock(), log};
  RedisSource source;
};

TEST_CASE(
    "a results key of the wrong type is told, stops no dead letter, and ends when it is right") {
  RedisServer server;
  for (const char* id : {"a", "b", "bad"}) Add(server, id);
  REQUIRE(server.Ask({"SET", "sample:results", "text"}).kind == RedisReply::Kind::kStatus);
  Watched watched(server);
  const auto frames = PullSome(watched.source, 3);
  auto first = watched.Begin(frames[0], Ending::kDone);
  auto second = watched.Begin(frames[1], Ending::kDone);
  auto dead = watched.Begin(frames[2], Ending::kDead, "invalid-frame");
  CHECK(dead.get());
  const auto told = watched.Await(1);
  CHECK(told[0].name == "settlement_refused");
  CHECK(told[0].subject == "sample:results");
  CHECK(told[0].reason.find("WRONGTYPE") != std::string::npos);
  const std::string text = watched.metrics.Text({});
  CHECK(text.find("sampleproc_consumer_settlements_refused_total{reason=\"WRONGTYPE\"}") !=
        std::string::npos);
  CHECK(watched.source.Parked() == 0);  // results are not small
  REQUIRE(server.Ask({"DEL", "sample:results"}).integer == 1);
  CHECK(first.get());
  CHECK(second.get());
  watched.Await(0);
  CHECK(Stream(server, "sample:results").size() == 2);
}

TEST_CASE("dead letters that Redis refuses take no room, and good frames go on") {
  RedisServer server;
  REQUIRE(server.Ask({"SET", "frames:dlq:p", "text"}).kind == RedisReply::Kind::kStatus);
  Watched watched(server);
  std::vector<std::future<bool>> dead;
  for (int i = 0; i < 200; ++i) Add(server, "bad");
  for (const Delivery& each : PullSome(watched.source, 200, 50)) {
    dead.push_back(watched.Begin(each, Ending::kDead, "invalid-frame"));
  }
  CHECK(watched.Await(1)[0].subject == "frames:dlq:p");
  Add(server, "good");
  CHECK(watched.Begin(PullSome(watched.source, 1)[0], Ending::kDone).get());
  const base::Deadline deadline(base::SystemClock(), std::chrono::seconds(60));
  while (watched.source.Parked() < 200) REQUIRE_FALSE(deadline.Expired());
  REQUIRE(server.Ask({"DEL", "frames:dlq:p"}).integer == 1);
  for (auto& each : dead) CHECK(each.get());
  watched.Await(0);
  CHECK(server.Ask({"XLEN", "frames:dlq:p"}).integer == 200);
  CHECK(watched.source.Parked() == 0);
}

TEST_CASE("what may not be written, or not now, is told with its reason") {
  const auto reason = [](RedisServer& server, const net::RedisCommand& begin,
                         const net::RedisCommand& end) {
    Add(server, "a");
    Watched watched(server);
    const auto frames = PullSome(watched.source, 1);
    REQUIRE(server.Ask(begin).kind == RedisReply::Kind::kStatus);
    auto done = watched.Begin(frames[0], Ending::kDone);
    const std::string told = watched.Await(1)[0].reason;
    REQUIRE(server.Ask(end).kind == RedisReply::Kind::kStatus);
    CHECK(done.get());
    watched.Await(0);
    return told;
  };
  RedisServer server;
  CHECK(reason(server, {"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"})
            .find("OOM") != std::string::npos);
  CHECK(
      reason(server, {"ACL", "SETUSER", "default", "-xadd"}, {"ACL", "SETUSER", "default", "+xadd"})
          .find("NOPERM") != std::string::npos);
  CHECK(reason(server, {"CONFIG", "SET", "min-replicas-to-write", "1"},
               {"CONFIG", "SET", "min-replicas-to-write", "0"})
            .find("NOREPLICAS") != std::string::npos);
}

TEST_CASE("a settlement at which the connection ends stops none behind it") {
  RedisServer server({"--proto-max-bulk-len", "1mb"});
  for (const char* id : {"large", "good"}) Add(server, id);
  Watched watched(server);
  const auto frames = PullSome(watched.source, 2);
  std::promise<bool> large;
  watched.source.Settle({.ticket = frames[0].ticket,
                         .ending = Ending::kDone,
                         .frame_id = "large",
                         .record = std::string(2 << 20, 'x'),
                         .reason = {}},
                        [&](bool ours) { large.set_value(ours); });
  CHECK(watched.Begin(frames[1], Ending::kDone).get());
  CHECK(watched.Await(1)[0].subject == "sample:results");
  REQUIRE(server.Ask({"CONFIG", "SET", "proto-max-bulk-len", "512mb"}).kind ==
          RedisReply::Kind::kStatus);
  CHECK(large.get_future().get());
  watched.Await(0);
}

}  // namespace
}  // namespace sampleproc::consumer
