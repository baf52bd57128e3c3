// A user of Redis that lacks a command.
#include <catch2/catch.hpp>
#include <string>

#include "support/redis_watched.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;

TEST_CASE("a user without a command publishes no result twice, and what it lacks is told") {
  RedisServer server;
  Add(server, "a");
  Watched watched(server, StreamOptions(milliseconds(300)));
  const auto frames = PullSome(watched.source, 1);
  const auto may = [&server](const std::string& rule) {
    REQUIRE(server.Ask({"ACL", "SETUSER", "default", rule}).kind == RedisReply::Kind::kStatus);
  };
  SECTION("to touch what is in work") {
    may("-xclaim");
    const auto told = watched.Await(1);
    CHECK(told[0].subject == "frames:ready:p");
    CHECK(told[0].reason.find("NOPERM to XCLAIM: ") != std::string::npos);
    may("+xclaim");
    watched.Await(0);
    CHECK(Settle(watched.source, frames[0], Ending::kDone));
  }
  SECTION("to acknowledge") {
    may("-xack");
    auto done = watched.Begin(frames[0], Ending::kDone);
    const auto told = watched.Await(1);
    CHECK(told[0].subject == "frames:ready:p");
    CHECK(told[0].reason.find("NOPERM to XACK: ") != std::string::npos);
    CHECK(Stream(server, "sample:results").empty());
    may("+xack");
    CHECK(done.get());
    watched.Await(0);
  }
  SECTION("to delete a frame that is dropped") {
    may("-xdel");
    auto done = watched.Begin(frames[0], Ending::kDropped, "no_pixels");
    CHECK(watched.Await(1)[0].reason.find("NOPERM to XDEL: ") != std::string::npos);
    CHECK(PendingCount(server) == 1);
    may("+xdel");
    CHECK(done.get());
    watched.Await(0);
  }
  CHECK(Stream(server, "sample:results").size() <= 1);
  CHECK(PendingCount(server) == 0);
}

}  // namespace
}  // namespace sampleproc::consumer
