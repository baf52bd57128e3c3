// Frames in work whose hand-out Redis has forgotten: it has come back with an older state, or its
// group is gone or was made anew. None is lost, none is published twice.
#include <catch2/catch.hpp>
#include <string>

#include "support/redis_watched.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

std::size_t Length(RedisServer& server, const std::string& stream) {
  return static_cast<std::size_t>(server.Ask({"XLEN", stream}).integer);
}

void DestroyGroup(RedisServer& server) {
  REQUIRE(server.Ask({"XGROUP", "DESTROY", "frames:ready:p", "frame-processors"}).integer == 1);
}

void MakeGroup(RedisServer& server, const std::string& from) {
  REQUIRE(server.Ask({"XGROUP", "CREATE", "frames:ready:p", "frame-processors", from, "MKSTREAM"})
              .kind == RedisReply::Kind::kStatus);
}

int RefusedDeletions(RedisServer& server) {
  const std::string stats = server.Ask({"INFO", "commandstats"}).text;
  const std::string word = "rejected_calls=";
  const auto at = stats.find(word, stats.find("cmdstat_xdel:"));
  return at == std::string::npos ? 0 : std::stoi(stats.substr(at + word.size()));
}

// With the group's first entry settled, so that the group is there, and `count` frames behind it.
void Begin(RedisServer& server, RedisSource& source, std::initializer_list<const char*> ids) {
  Add(server, "first");
  CHECK(Settle(source, PullSome(source, 1)[0], Ending::kDone));
  for (const char* id : ids) Add(server, id);
}

TEST_CASE("what Redis has forgotten handing out is settled once, and comes to nobody again") {
  RedisServer server({"--appendonly", "no"});
  const auto source = MakeSource(server, "c1");
  Begin(server, *source, {"done", "dead", "dropped"});
  std::vector<Delivery> frames;
  SECTION("after a crash with a snapshot of before") {
    REQUIRE(server.Ask({"SAVE"}).kind == RedisReply::Kind::kStatus);
    frames = PullSome(*source, 3);
    server.Stop();
    server.Start();
  }
  SECTION("with the group") {
    frames = PullSome(*source, 3);
    DestroyGroup(server);
  }
  SECTION("with a group that was made anew") {
    frames = PullSome(*source, 3);
    DestroyGroup(server);
    MakeGroup(server, "0");
  }
  CHECK(Settle(*source, frames[0], Ending::kDone));
  CHECK(Settle(*source, frames[1], Ending::kDead, "invalid-frame"));
  CHECK(Settle(*source, frames[2], Ending::kDropped, "max_age"));
  const auto results = Stream(server, "sample:results");
  REQUIRE(results.size() == 2);
  CHECK(results[1].at("frame_id") == "done");
  const auto letters = Stream(server, "frames:dlq:p");
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].at("frame_data") == "\xFF\xD8 bytes");
  CHECK(Length(server, "frames:ready:p") == 0);
}

TEST_CASE("a frame that Redis hands out once more is published by whoever comes first") {
  RedisServer server;
  const auto first = MakeSource(server, "c1");
  const auto second = MakeSource(server, "c2");
  Begin(server, *first, {"a"});
  const auto frames = PullSome(*first, 1);
  DestroyGroup(server);
  MakeGroup(server, "0");
  const auto again = PullSome(*second, 1);
  REQUIRE(again[0].entry.frame_id == "a");
  const bool in_order = GENERATE(true, false);
  CHECK(Settle(in_order ? *first : *second, in_order ? frames[0] : again[0], Ending::kDone));
  CHECK_FALSE(Settle(in_order ? *second : *first, in_order ? again[0] : frames[0], Ending::kDone));
  CHECK(Length(server, "sample:results") == 2);
  CHECK(Length(server, "frames:ready:p") == 0);
  CHECK(PendingCount(server) == 0);
}

TEST_CASE("a frame in work is done though Redis has lost its entry too") {
  RedisServer server;
  const auto source = MakeSource(server, "c1");
  Begin(server, *source, {"a", "b"});
  const auto frames = PullSome(*source, 2);
  REQUIRE(server.Ask({"FLUSHALL"}).kind == RedisReply::Kind::kStatus);
  CHECK(Settle(*source, frames[0], Ending::kDone));
  MakeGroup(server, "0");
  CHECK(Settle(*source, frames[1], Ending::kDead, "invalid-frame"));
  CHECK(Length(server, "sample:results") == 1);
  CHECK(Stream(server, "frames:dlq:p").at(0).at("dlq_trimmed") == "1");
}

TEST_CASE("an entry that stays for other groups is published with its next delivery only") {
  RedisServer server;
  RedisOptions options = StreamOptions();
  options.delete_settled = false;
  const auto source = MakeSource(server, "c1", options);
  Begin(server, *source, {"a"});
  const auto frames = PullSome(*source, 1);
  DestroyGroup(server);
  if (GENERATE(true, false)) MakeGroup(server, "1-0");
  CHECK_FALSE(Settle(*source, frames[0], Ending::kDone));
  CHECK(Length(server, "sample:results") == 1);
  for (const Delivery& each : PullSome(*source, 2)) CHECK(Settle(*source, each, Ending::kDone));
  const auto results = Stream(server, "sample:results");
  CHECK(results.back().at("frame_id") == "a");
  CHECK(results.size() == 3);  // the first frame too, which its new group has not seen
  CHECK(Length(server, "frames:ready:p") == 2);
}

TEST_CASE("what is no longer pending and was delivered is left alone") {
  // By a group for later entries, or acknowledged by somebody else.
  const bool made_anew = GENERATE(true, false);
  const Ending ending = GENERATE(Ending::kDone, Ending::kDead, Ending::kDropped);
  RedisServer server;
  const auto source = MakeSource(server, "c1");
  Begin(server, *source, {"a"});
  const auto frames = PullSome(*source, 1);
  if (made_anew) {
    DestroyGroup(server);
    MakeGroup(server, "$");
  } else {
    const std::string id =
        server.Ask({"XRANGE", "frames:ready:p", "-", "+"}).elements[0].elements[0].text;
    REQUIRE(server.Ask({"XACK", "frames:ready:p", "frame-processors", id}).integer == 1);
  }
  CHECK_FALSE(Settle(*source, frames[0], ending, "invalid-frame"));
  CHECK(Length(server, "sample:results") == 1);
  CHECK(Length(server, "frames:dlq:p") == 0);
  CHECK(Length(server, "frames:ready:p") == 1);
}

TEST_CASE("a user without a right loses no frame that Redis has forgotten handing out") {
  RedisServer server;
  Watched watched(server);
  Begin(server, watched.source, {"a"});
  const auto frames = PullSome(watched.source, 1);
  DestroyGroup(server);
  MakeGroup(server, "0");
  const auto may = [&server](const std::string& rule) {
    REQUIRE(server.Ask({"ACL", "SETUSER", "default", rule}).kind == RedisReply::Kind::kStatus);
  };
  SECTION("to ask for the group: it comes again") {
    may("-xinfo");
    CHECK_FALSE(Settle(watched.source, frames[0], Ending::kDone));
    CHECK(Length(server, "sample:results") == 1);
    const auto again = PullSome(watched.source, 1);
    CHECK(Settle(watched.source, again[0], Ending::kDone));
  }
  SECTION("to delete it: it is published once") {
    may("-xdel");
    auto done = watched.Begin(frames[0], Ending::kDone);
    CHECK(watched.Await(1)[0].reason.find("NOPERM to XDEL: ") != std::string::npos);
    while (RefusedDeletions(server) < 3) {
    }
    may("+xdel");
    CHECK(done.get());
    watched.Await(0);
  }
  CHECK(Length(server, "sample:results") == 2);
  CHECK(Length(server, "frames:ready:p") == 0);
}

}  // namespace
}  // namespace sampleproc::consumer
