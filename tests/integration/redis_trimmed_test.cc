// Entries that are trimmed or deleted while they are pending: done, or counted.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

std::int64_t Idle(RedisServer& server) {
  return server.Ask({"XPENDING", "frames:ready:p", "frame-processors", "-", "+", "1"})
      .elements.at(0)
      .elements.at(2)
      .integer;
}

TEST_CASE("a frame that is trimmed while it is in work is done, however long that takes") {
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  // A third of it passes between two touches: an owner that is late has four seconds.
  const RedisOptions options = StreamOptions(milliseconds(6'000));
  const auto owner = MakeSource(server, "owner", options);
  const auto frames = PullSome(*owner, 2);
  REQUIRE(server.Ask({"XTRIM", "frames:ready:p", "MAXLEN", "0"}).integer == 2);
  const auto other = MakeSource(server, "other", options);
  // The owner has touched what it holds many times, and looks dead by its entries.
  while (Idle(server) < 8'000) CHECK(other->Pull(10).value().empty());
  CHECK(Settle(*owner, frames[0], Ending::kDone));
  CHECK(Settle(*owner, frames[1], Ending::kDead, "invalid-frame"));
  CHECK(Stream(server, "sample:results").size() == 1);
  const auto letters = Stream(server, "frames:dlq:p");
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].at("frame_id") == "b");
  CHECK(letters[0].at("dlq_trimmed") == "1");
  CHECK(PendingCount(server) == 0);
}

TEST_CASE("what was trimmed in the hands of the dead is dropped, and said to be") {
  RedisServer server;
  for (const char* id : {"a", "b", "c", "alive"}) Add(server, id);
  LetOneDieOver(server);
  REQUIRE(server.Ask({"XTRIM", "frames:ready:p", "MAXLEN", "1"}).integer == 3);
  const auto source = MakeSource(server, "c1", StreamOptions(milliseconds(50)));
  std::size_t dropped = 0;
  for (const Delivery& each : PullSome(*source, 4)) {
    if (each.drop.empty()) {
      CHECK(each.entry.frame_id == "alive");
      CHECK(Settle(*source, each, Ending::kDone));
      continue;
    }
    CHECK(each.drop == "trimmed");
    CHECK(each.deliveries == 1);
    CHECK(Settle(*source, each, Ending::kDropped, "trimmed"));
    ++dropped;
  }
  CHECK(dropped == 3);
  CHECK(PendingCount(server) == 0);
}

TEST_CASE("what was trimmed and is given back is dropped by whoever comes next") {
  RedisServer server;
  Add(server, "a");
  {
    const auto source = MakeSource(server, "c1", StreamOptions(milliseconds(50)));
    const auto frames = PullSome(*source, 1);
    REQUIRE(server.Ask({"XTRIM", "frames:ready:p", "MAXLEN", "0"}).integer == 1);
    CHECK(Settle(*source, frames[0], Ending::kReturned));
  }
  const auto next = MakeSource(server, "c2", StreamOptions(milliseconds(50)));
  const auto frames = PullSome(*next, 1);
  CHECK(frames[0].drop == "trimmed");
  CHECK(Settle(*next, frames[0], Ending::kDropped, "trimmed"));
  CHECK(PendingCount(server) == 0);
}

}  // namespace
}  // namespace sampleproc::consumer
