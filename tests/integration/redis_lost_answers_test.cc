// Settlements that Redis may have done without our hearing of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "support/null_logger.h"
#include "support/redis_faults.h"
#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

std::future<bool> Begin(RedisSource& source, const Delivery& delivery, Ending ending) {
  auto answer = std::make_shared<std::promise<bool>>();
  source.Settle({.ticket = delivery.ticket,
                 .ending = ending,
                 .frame_id = delivery.entry.frame_id,
                 .record = ending == Ending::kDone ? "{}" : "",
                 .reason = ending == Ending::kDone ? "" : "invalid-frame"},
                [answer](bool ours) { answer->set_value(ours); });
  return answer->get_future();
}

TEST_CASE("a settlement whose answer got lost is ours, and is done once") {
  const Ending ending = GENERATE(Ending::kDone, Ending::kDead, Ending::kDropped);
  RedisServer server;
  Add(server, "a");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 1);
  faults.losses = 2;
  CHECK(Begin(*source, frames[0], ending).get());
  CHECK(faults.losses == 0);
  CHECK(PendingCount(server) == 0);
  CHECK(server.Ask({"XLEN", "frames:ready:p"}).integer == 0);
  CHECK(Stream(server, "sample:results").size() == (ending == Ending::kDone ? 1 : 0));
  CHECK(Stream(server, "frames:dlq:p").size() == (ending == Ending::kDead ? 1 : 0));
}

TEST_CASE("settlements that go out together are ours when some of their answers get lost") {
  RedisServer server;
  for (const char* id : {"a", "b", "c"}) Add(server, id);
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 3);
  faults.away = true;
  std::vector<std::future<bool>> answers;
  for (const Delivery& frame : frames) answers.push_back(Begin(*source, frame, Ending::kDone));
  Await([&] { return faults.refused > 0; });
  faults.kept = std::string_view(":1\r\n:1\r").size();
  faults.losses = 1;
  faults.away = false;
  for (auto& answer : answers) CHECK(answer.get());
  CHECK(faults.losses == 0);
  CHECK(Stream(server, "sample:results").size() == 3);
}

TEST_CASE("what another has settled is not ours, however often Redis could not be reached") {
  RedisServer server;
  Add(server, "a");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 1);
  faults.away = true;
  auto answer = Begin(*source, frames[0], Ending::kDone);
  Await([&] { return faults.refused > 1; });
  CHECK(server.Ask({"XACK", "frames:ready:p", "frame-processors", frames[0].message_id}).integer ==
        1);
  faults.away = false;
  CHECK_FALSE(answer.get());
  CHECK(Stream(server, "sample:results").empty());
}

TEST_CASE("a frame that went back without an answer is its next owner's") {
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 2);
  CHECK(Begin(*source, frames[1], Ending::kDropped).get());  // so that its connection is there
  faults.losses = 1;
  faults.away = true;
  auto answer = Begin(*source, frames[0], Ending::kReturned);
  Await([&] { return faults.refused > 0; });
  server.Ask({"XCLAIM", "frames:ready:p", "frame-processors", "c2", "0", frames[0].message_id});
  faults.away = false;
  CHECK_FALSE(answer.get());
  CHECK(PendingCount(server) == 1);
}

TEST_CASE("a result that was published counts though Redis refused what came after it") {
  RedisServer server;
  Add(server, "a");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 1);
  REQUIRE(server.Ask({"ACL", "SETUSER", "default", "-xdel"}).kind == RedisReply::Kind::kStatus);
  auto answer = Begin(*source, frames[0], Ending::kDone);
  Await([&] { return PendingCount(server) == 0; });
  // Its entry is in the stream yet, and its deletion is tried until it is permitted.
  CHECK(Stream(server, "frames:ready:p").size() == 1);
  REQUIRE(server.Ask({"ACL", "SETUSER", "default", "+xdel"}).kind == RedisReply::Kind::kStatus);
  CHECK(answer.get());
  CHECK(Stream(server, "frames:ready:p").empty());
  CHECK(Stream(server, "sample:results").size() == 1);
}

TEST_CASE("what a stop leaves without an answer is ours when it may have been done") {
  const bool sent = GENERATE(true, false);
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  Faults faults;
  const auto source = MakeLosing(server, faults);
  const auto frames = PullSome(*source, 2);
  if (sent) {
    CHECK(Begin(*source, frames[1], Ending::kDropped).get());  // so that its connection is there
    faults.losses = 1;
  }
  faults.away = true;
  auto answer = Begin(*source, frames[0], Ending::kDone);
  Await([&] { return faults.refused > 0; });
  source->Close(base::Deadline(base::SystemClock(), milliseconds(0)));
  CHECK(answer.get() == sent);
  CHECK(Stream(server, "sample:results").size() == (sent ? 1 : 0));
  CHECK(PendingCount(server) == (sent ? 0 : 2));
}

TEST_CASE("a frame whose hand-out got lost comes next, however many were given back before it") {
  RedisServer server;
  GiveBack(server, "c1", 1'500);
  Add(server, "new");
  Faults faults;
  const auto source = MakeLosing(server, faults);
  faults.mark = "BLOCK";
  faults.losses = 1;
  Await([&] {
    (void)source->Pull(10);
    return faults.losses == 0;
  });
  const auto frames = source->Pull(10).value();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].entry.frame_id == "new");
  CHECK(frames[0].deliveries == 1);
}

// What is sent to take this entry.
std::string TakingOf(const std::string& id) {
  return "c1\r\n$" + std::to_string(id.size()) + "\r\n" + id + "\r\n";
}

TEST_CASE("an entry that never arrives is told and stays pending, and the others go on") {
  RedisServer server;
  std::vector<std::string> sent;
  for (int i = 0; i < 12; ++i) sent.push_back(std::to_string(i));
  for (const std::string& id : sent) Add(server, id);
  const std::string bad =
      server.Ask({"XRANGE", "frames:ready:p", "-", "+"}).elements[3].elements[0].text;
  server.Ask({"XGROUP", "CREATE", "frames:ready:p", "frame-processors", "0"});
  Faults faults;
  sampleproc::test::NullLogger log;
  telemetry::Conditions conditions(base::SystemClock(), log);
  const auto source = MakeLosing(server, faults, base::SystemClock(), &conditions);
  faults.mark = "BLOCK";
  faults.losses = 1;
  Await([&] {
    (void)source->Pull(10);
    return faults.losses == 0;
  });
  faults.mark = TakingOf(bad);
  faults.losses = 1'000'000;
  std::vector<std::string> came;
  for (const Delivery& each : PullSome(*source, sent.size() - 1)) {
    came.push_back(each.entry.frame_id);
    CHECK(Settle(*source, each, Ending::kDone));
  }
  std::ranges::sort(came, {}, [](const std::string& id) { return std::stoi(id); });
  sent.erase(sent.begin() + 3);
  CHECK(came == sent);
  Await([&] {
    (void)source->Pull(10);
    return !conditions.List().empty();
  });
  const auto told = conditions.List();
  REQUIRE(told.size() == 1);
  CHECK(told[0].name == telemetry::condition::kEntryStuck);
  CHECK(told[0].subject == bad);
  CHECK(told[0].reason.starts_with("the entry of "));
  CHECK(PendingCount(server) == 1);
  CHECK(Stream(server, "frames:dlq:p").empty());

  // Its attempts are those that arrived.
  faults.losses = 0;
  const auto late = PullSome(*source, 1);
  CHECK(late[0].message_id == bad);
  CHECK(late[0].deliveries == 1);
  CHECK(conditions.List().empty());
}

TEST_CASE("an entry that never arrived and that somebody else has taken is told no longer") {
  RedisServer server;
  Add(server, "bad");
  const std::string bad =
      server.Ask({"XRANGE", "frames:ready:p", "-", "+"}).elements[0].elements[0].text;
  server.Ask({"XGROUP", "CREATE", "frames:ready:p", "frame-processors", "0"});
  Faults faults;
  sampleproc::test::NullLogger log;
  telemetry::Conditions conditions(base::SystemClock(), log);
  const auto source = MakeLosing(server, faults, base::SystemClock(), &conditions);
  faults.mark = "BLOCK";
  faults.losses = 1;
  Await([&] {
    (void)source->Pull(10);
    return faults.losses == 0;
  });
  faults.mark = TakingOf(bad);
  faults.losses = 1'000'000;
  Await([&] {
    (void)source->Pull(10);
    return !conditions.List().empty();
  });
  server.Ask({"XCLAIM", "frames:ready:p", "frame-processors", "c2", "0", bad, "JUSTID"});
  Await([&] {
    const auto pulled = source->Pull(10);
    CHECK((!pulled || pulled->empty()));
    return conditions.List().empty();
  });
  CHECK(PendingCount(server) == 1);
}

}  // namespace
}  // namespace sampleproc::consumer
