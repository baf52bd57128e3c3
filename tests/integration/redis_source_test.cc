#include "consumer/sources/redis_source.h"

#include <catch2/catch.hpp>
#include <future>
#include <set>
#include <string>

#include "support/fake_clock.h"
#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;
using sampleproc::testing::FakeClock;

TEST_CASE("a frame comes once, its result goes out in the original's form, nothing is left") {
  RedisServer server;
  Add(server, "a");
  const auto source = MakeSource(server, "c1");
  const auto frames = PullSome(*source, 1);
  CHECK(frames[0].entry.frame_id == "a");
  CHECK(frames[0].entry.camera_id == "cam");
  CHECK(frames[0].deliveries == 1);
  CHECK(base::AsText(frames[0].entry.frame_data) == "\xFF\xD8 bytes");
  CHECK(PendingCount(server) == 1);
  CHECK(Settle(*source, frames[0], Ending::kDone));
  const auto results = Stream(server, "sample:results");
  REQUIRE(results.size() == 1);
  CHECK(results[0].size() == 4);
  CHECK(results[0].at("frame_id") == "a");
  CHECK(results[0].at("processor_id") == "p");
  CHECK(std::stod(results[0].at("timestamp")) > 1.7e9);
  CHECK(results[0].at("result") == R"({"frame_id":"x"})");
  CHECK(PendingCount(server) == 0);
  CHECK(server.Ask({"XLEN", "frames:ready:p"}).integer == 0);
}

TEST_CASE("what is dropped leaves nothing, what is dead goes to the dead letters with its reason") {
  RedisServer server;
  for (const char* id : {"old", "bad"}) Add(server, id);
  REQUIRE(server.Ask({"XADD", "frames:ready:p", "*", "metadata", "[", "frame_id", "broken"}).kind ==
          RedisReply::Kind::kText);
  const auto source = MakeSource(server, "c1");
  const auto frames = PullSome(*source, 3);
  CHECK(frames[2].broken);
  CHECK(Settle(*source, frames[0], Ending::kDropped, "max_age"));
  CHECK(Settle(*source, frames[1], Ending::kDead, "invalid-frame"));
  CHECK(Settle(*source, frames[2], Ending::kDead, "invalid-frame"));
  CHECK(PendingCount(server) == 0);
  CHECK(server.Ask({"XLEN", "frames:ready:p"}).integer == 0);
  const auto dead = Stream(server, "frames:dlq:p");
  REQUIRE(dead.size() == 2);
  CHECK(dead[0].at("frame_id") == "bad");
  CHECK(dead[0].at("frame_data") == "\xFF\xD8 bytes");
  CHECK(dead[0].at("dlq_reason") == "invalid-frame");
  CHECK(dead[0].at("dlq_deliveries") == "1");
  CHECK(dead[0].contains("dlq_id"));
  CHECK(dead[1].at("metadata") == "[");
}

TEST_CASE("what is returned comes to another at once, as if it had never been handed out") {
  RedisServer server;
  for (const char* id : {"a", "b"}) Add(server, id);
  const auto first = MakeSource(server, "c1");
  for (const Delivery& frame : PullSome(*first, 2)) CHECK(Settle(*first, frame, Ending::kReturned));
  const auto second = MakeSource(server, "c2");
  const auto frames = PullSome(*second, 2);
  CHECK(frames[0].entry.frame_id == "a");
  CHECK(frames[0].deliveries == 1);
  CHECK(frames[1].deliveries == 1);
}

TEST_CASE("a frame that was worked on and is returned has had an attempt") {
  RedisServer server;
  Add(server, "a");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto source = MakeSource(server, "c" + std::to_string(attempt));
    const auto frames = PullSome(*source, 1);
    CHECK(frames[0].deliveries == attempt);
    CHECK(Settle(*source, frames[0], Ending::kReturned, "", true));
  }
}

TEST_CASE("a consumer that shows that it is there leaves alone what it has given back") {
  RedisServer server;
  Add(server, "a");
  FakeClock clock;
  const auto source = MakeSource(server, "c1", StreamOptions(), clock);
  CHECK(Settle(*source, PullSome(*source, 1)[0], Ending::kReturned, "no pixels"));
  for (int i = 0; i < 3; ++i) {
    clock.Advance(RedisSource::kHeard);
    REQUIRE(source->Pull(1).value().empty());
  }
  const auto pending =
      server.Ask({"XPENDING", "frames:ready:p", "frame-processors", "-", "+", "1"});
  REQUIRE(pending.elements.size() == 1);
  CHECK(pending.elements[0].elements[2].integer > 500'000);  // ms, of the 600,000 of a claim
  CHECK(pending.elements[0].elements[3].integer == 0);
}

TEST_CASE("a suspect that is returned before a worker had it stays one, with its attempts") {
  RedisServer server;
  Add(server, "a");
  LetOneDieOver(server);
  const auto first = MakeSource(server, "c1", StreamOptions(milliseconds(50)));
  for (int again = 0; again < 2; ++again) {
    const auto frames = PullSome(*first, 1);
    CHECK(frames[0].deliveries == 2);
    CHECK(Settle(*first, frames[0], Ending::kReturned));
  }
  const auto second = MakeSource(server, "c2", StreamOptions(milliseconds(50)));
  const auto frames = PullSome(*second, 1);
  CHECK(frames[0].deliveries == 2);
  CHECK(Settle(*second, frames[0], Ending::kDone));
}

TEST_CASE("a suspect that is returned lets the other suspects come first") {
  RedisServer server;
  for (const char* id : {"away", "b", "c"}) Add(server, id);
  LetOneDieOver(server);
  const auto source = MakeSource(server, "c1", StreamOptions(milliseconds(50)));
  std::vector<std::string> came;
  while (came.size() < 5) {
    const auto frames = PullSome(*source, 1);
    came.push_back(frames[0].entry.frame_id);
    CHECK(Settle(*source, frames[0], came.back() == "away" ? Ending::kReturned : Ending::kDone));
  }
  CHECK(came == std::vector<std::string>{"away", "b", "c", "away", "away"});
}

TEST_CASE("a late owner publishes nothing") {
  RedisServer server;
  Add(server, "a");
  const auto late = MakeSource(server, "late");
  const auto frames = PullSome(*late, 1);
  // As when its process had slept: somebody else claims the entry and settles it.
  const std::string id =
      server.Ask({"XPENDING", "frames:ready:p", "frame-processors", "-", "+", "1"})
          .elements[0]
          .elements[0]
          .text;
  REQUIRE(server.Ask({"XCLAIM", "frames:ready:p", "frame-processors", "other", "0", id})
              .elements.size() == 1);
  REQUIRE(server.Ask({"XACK", "frames:ready:p", "frame-processors", id}).integer == 1);
  CHECK_FALSE(Settle(*late, frames[0], Ending::kDone));
  CHECK(Stream(server, "sample:results").empty());
}

TEST_CASE("what a dead consumer held is claimed, one at a time, each with its deliveries") {
  RedisServer server;
  for (const char* id : {"a", "b", "c"}) Add(server, id);
  LetOneDieOver(server);
  const auto source = MakeSource(server, "c1", StreamOptions(milliseconds(50)));
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    const auto frames = PullSome(*source, 1);
    CHECK(frames[0].deliveries == 2);
    seen.insert(frames[0].entry.frame_id);
    // No second suspect beside the first.
    CHECK(source->Pull(10).value().empty());
    CHECK(Settle(*source, frames[0], Ending::kDone));
  }
  CHECK(seen == std::set<std::string>{"a", "b", "c"});
  CHECK(PendingCount(server) == 0);
}

TEST_CASE("what the dead have left is looked for every second, however patient claim_idle is") {
  RedisServer server;
  FakeClock clock;
  const auto source = MakeSource(server, "c1", StreamOptions(std::chrono::hours(1)), clock);
  REQUIRE(source->Pull(10).value().empty());
  Add(server, "a");
  LetOneDieOver(server);
  const std::string id =
      server.Ask({"XRANGE", "frames:ready:p", "-", "+"}).elements[0].elements[0].text;
  // For two hours.
  REQUIRE(server
              .Ask({"XCLAIM", "frames:ready:p", "frame-processors", "dead", "0", id, "IDLE",
                    "7200000", "JUSTID"})
              .elements.size() == 1);
  CHECK(source->Pull(10).value().empty());
  clock.Advance(std::chrono::seconds(1));
  const auto claimed = source->Pull(10).value();
  REQUIRE(claimed.size() == 1);
  CHECK(Settle(*source, claimed[0], Ending::kDone));
}

TEST_CASE("a frame whose workers never come back is dead after max_deliveries") {
  RedisServer server;
  Add(server, "poison");
  RedisOptions options = StreamOptions(milliseconds(20));
  options.max_deliveries = 3;
  LetOneDieOver(server);
  for (int alone = 1; alone <= 2; ++alone) {
    const auto source = MakeSource(server, "c" + std::to_string(alone), options);
    const auto frames = PullSome(*source, 1);
    CHECK(frames[0].deliveries == alone + 1);
    CHECK_FALSE(frames[0].broken);
  }  // each goes without a word
  const auto source = MakeSource(server, "last", options);
  const auto frames = PullSome(*source, 1);
  CHECK(frames[0].broken);
  CHECK(Settle(*source, frames[0], Ending::kDead, "internal"));
  CHECK(Stream(server, "frames:dlq:p").at(0).at("dlq_deliveries") == "4");
}

TEST_CASE("what is in work is kept from others for as long as it takes") {
  RedisServer server;
  Add(server, "slow");
  // A third of it passes between two touches: an owner that is late has four seconds.
  const RedisOptions options = StreamOptions(milliseconds(6'000));
  const auto owner = MakeSource(server, "owner", options);
  const auto frames = PullSome(*owner, 1);
  const auto thief = MakeSource(server, "thief", options);
  const base::Deadline end(base::SystemClock(), std::chrono::seconds(8));
  while (!end.Expired()) CHECK(thief->Pull(10).value().empty());
  CHECK(Settle(*owner, frames[0], Ending::kDone));
}

TEST_CASE("a consumer does not claim what it has in work, however idle it looks") {
  RedisServer server;
  Add(server, "a");
  const auto source = MakeSource(server, "c1", StreamOptions(milliseconds(400)));
  const auto frames = PullSome(*source, 1);
  const std::string id =
      server.Ask({"XPENDING", "frames:ready:p", "frame-processors", "-", "+", "1"})
          .elements[0]
          .elements[0]
          .text;
  // As when Redis was away for longer than claim_idle; a claim is looked for in most of these.
  for (int i = 0; i < 4; ++i) {
    REQUIRE(server
                .Ask({"XCLAIM", "frames:ready:p", "frame-processors", "c1", "0", id, "IDLE",
                      "600000", "JUSTID"})
                .elements.size() == 1);
    CHECK(source->Pull(10).value().empty());
  }
  CHECK(Settle(*source, frames[0], Ending::kDone));
  CHECK(Stream(server, "sample:results").size() == 1);
}

TEST_CASE("the group is made again, and settlements wait for a server that is away") {
  RedisServer server;
  const auto source = MakeSource(server, "c1");
  CHECK(source->Pull(1).value().empty());
  REQUIRE(server.Ask({"FLUSHALL"}).kind == RedisReply::Kind::kStatus);
  Add(server, "a");
  const auto frames = PullSome(*source, 1);
  server.Stop();
  std::promise<bool> answer;
  source->Settle({frames[0].ticket, Ending::kDone, "a", "{}", ""},
                 [&](bool ours) { answer.set_value(ours); });
  CHECK_FALSE(source->Pull(1));
  server.Start();
  CHECK(answer.get_future().get());
  CHECK(Stream(server, "sample:results").size() == 1);
}

TEST_CASE("a result that Redis has no room for is kept until it has") {
  RedisServer server;
  Add(server, "a");
  const auto source = MakeSource(server, "c1");
  const auto frames = PullSome(*source, 1);
  REQUIRE(server.Ask({"CONFIG", "SET", "maxmemory", "1"}).kind == RedisReply::Kind::kStatus);
  std::promise<bool> answer;
  source->Settle({frames[0].ticket, Ending::kDone, "a", "{}", ""},
                 [&](bool ours) { answer.set_value(ours); });
  while (server.Ask({"INFO", "errorstats"}).text.find("OOM") == std::string::npos) {
  }
  CHECK(PendingCount(server) == 1);
  REQUIRE(server.Ask({"CONFIG", "SET", "maxmemory", "0"}).kind == RedisReply::Kind::kStatus);
  CHECK(answer.get_future().get());
  CHECK(Stream(server, "sample:results").size() == 1);
}

TEST_CASE("a wrong kind of key is a matter of configuration, a stop ends pulling") {
  RedisServer server;
  REQUIRE(server.Ask({"SET", "frames:ready:p", "text"}).kind == RedisReply::Kind::kStatus);
  const auto source = MakeSource(server, "c1");
  CHECK(source->Pull(1).error().code == base::ErrorCode::kConfig);
  source->Interrupt({});
  CHECK(source->Pull(1).error().code == base::ErrorCode::kShuttingDown);
}

TEST_CASE("the names of those that are gone leave the group") {
  RedisServer server;
  const auto source = MakeSource(server, "c1", StreamOptions(milliseconds(5)));
  Add(server, "a");
  const auto held = PullSome(*source, 1);
  const auto names = [&] {
    std::set<std::string> found;
    for (const RedisReply& each :
         server.Ask({"XINFO", "CONSUMERS", "frames:ready:p", "frame-processors"}).elements) {
      found.insert(each.elements[1].text);
    }
    return found;
  };
  server.Ask({"XGROUP", "CREATECONSUMER", "frames:ready:p", "frame-processors", "gone"});
  CHECK(names() == std::set<std::string>{"c1", "gone"});
  while (names().contains("gone")) (void)source->Pull(1);
  CHECK(names() == std::set<std::string>{"c1"});
  CHECK(Settle(*source, held[0], Ending::kDone));
}

TEST_CASE("a consumer that holds nothing leaves the group, one that does stays in it") {
  RedisServer server;
  const auto consumers = [&] {
    return server.Ask({"XINFO", "CONSUMERS", "frames:ready:p", "frame-processors"}).elements.size();
  };
  for (const char* id : {"a", "b"}) Add(server, id);
  {
    const auto source = MakeSource(server, "done");
    const auto frames = PullSome(*source, 1, 1);
    CHECK(Settle(*source, frames[0], Ending::kDone));
    CHECK(consumers() == 1);
  }
  CHECK(consumers() == 0);
  {
    const auto source = MakeSource(server, "holds");
    PullSome(*source, 1, 1);
    REQUIRE(source->Pull(1).value().empty());
  }
  CHECK(PendingCount(server) == 1);
}

}  // namespace
}  // namespace sampleproc::consumer
