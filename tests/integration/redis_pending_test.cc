// Long lists of pending entries, and who is in the group.
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>

#include "support/fake_clock.h"
#include "support/redis_faults.h"
#include "support/redis_frames.h"

namespace sampleproc::consumer {
namespace {

using namespace testing;
using sampleproc::testing::FakeClock;

constexpr int kPage = 10;

// One that claims soon, and looks at few pending entries at a time.
std::unique_ptr<RedisSource> MakePaged(const RedisServer& server) {
  return std::make_unique<RedisSource>(RedisSourceContext{.connect = server.Connect(),
                                                          .login = {},
                                                          .clock = base::SystemClock(),
                                                          .consumer = "c1",
                                                          .processor_id = "p",
                                                          .page = kPage},
                                       StreamOptions(milliseconds(50)), frame::Options{});
}

// Pulls, and gives back what comes, until this frame has come; its deliveries.
int PullUntil(RedisSource& source, const std::string& wanted, std::size_t at_once) {
  int deliveries = 0;
  Await([&] {
    const auto frames = source.Pull(at_once);
    for (const Delivery& frame : *frames) {
      const bool found = frame.entry.frame_id == wanted;
      if (found) deliveries = frame.deliveries;
      CHECK(Settle(source, frame, found ? Ending::kDone : Ending::kReturned));
    }
    return deliveries > 0;
  });
  return deliveries;
}

std::set<std::string> Names(RedisServer& server) {
  std::set<std::string> found;
  for (const RedisReply& each :
       server.Ask({"XINFO", "CONSUMERS", "frames:ready:p", "frame-processors"}).elements) {
    found.insert(each.elements[1].text);
  }
  return found;
}

TEST_CASE("frames that are given back again and again stop none behind them") {
  RedisServer server;
  constexpr int kFrames = 6 * kPage;
  GiveBack(server, "c0", kFrames);
  const auto source = MakePaged(server);
  CHECK(PullUntil(*source, std::to_string(kFrames - 1), 10) == 1);
  CHECK(PendingCount(server) == kFrames - 1);
}

TEST_CASE("one that begins takes what was given back before what is new, in order") {
  const int given_back = GENERATE(0, 25, 90);
  RedisServer server;
  if (given_back > 0) GiveBack(server, "c0", given_back);
  std::vector<std::string> expected;
  for (int i = 0; i < given_back; ++i) expected.push_back(std::to_string(i));
  for (int i = 0; i < 25; ++i) {
    expected.push_back("new" + std::to_string(i));
    Add(server, expected.back());
  }
  const auto source = MakeSource(server, "c1");
  std::vector<std::string> came;
  Await([&] {
    const auto frames = source->Pull(10);
    for (const Delivery& frame : *frames) {
      came.push_back(frame.entry.frame_id);
      CHECK(Settle(*source, frame, Ending::kDone));
    }
    return came.size() >= expected.size();
  });
  CHECK(came == expected);
}

TEST_CASE("one that begins takes new frames between those of a long list that was given back") {
  RedisServer server;
  GiveBack(server, "c0", 2 * static_cast<int>(RedisSource::kMostCaughtUp));
  Add(server, "new");
  const auto source = MakeSource(server, "c1");
  std::size_t before = 0;
  bool came = false;
  Await([&] {
    const auto frames = source->Pull(10);
    for (const Delivery& frame : *frames) {
      came = came || frame.entry.frame_id == "new";
      if (!came) ++before;
      CHECK(Settle(*source, frame, Ending::kDone));
    }
    return came;
  });
  CHECK(before <= RedisSource::kMostCaughtUp + 10);
}

TEST_CASE("one that begins waits for no end of what others give back meanwhile") {
  RedisServer server;
  GiveBack(server, "c0", 30);
  Add(server, "new");
  const auto source = MakeSource(server, "c1");
  CHECK(PullUntil(*source, "new", 10) == 1);
  CHECK(PendingCount(server) == 30);
}

TEST_CASE("what the dead have left comes in spite of many that are given back before it") {
  const std::size_t at_once = GENERATE(1U, 10U);
  const int given_back = GENERATE(kPage / 2, 6 * kPage);
  RedisServer server;
  GiveBack(server, "c0", given_back);
  for (const char* id : {"x", "y"}) Add(server, id);
  LetOneDieOver(server);
  const auto source = MakePaged(server);
  CHECK(PullUntil(*source, "x", at_once) == 2);
  CHECK(PullUntil(*source, "y", at_once) == 2);
}

TEST_CASE("what the dead have left comes in spite of many that others died over before it") {
  RedisServer server;
  constexpr int kFrames = kPage + 5;
  for (int i = 0; i < kFrames; ++i) Add(server, std::to_string(i));
  LetOneDieOver(server);
  const auto source = MakePaged(server);
  CHECK(PullUntil(*source, std::to_string(kFrames - 1), 1) == 2);
}

TEST_CASE("one whose idle connections were closed leaves the group, and knows who is in it") {
  RedisServer server;
  Add(server, "a");
  const auto source = MakeSource(server, "c1");
  CHECK(Settle(*source, PullSome(*source, 1)[0], Ending::kDone));
  CHECK(Names(server) == std::set<std::string>{"c1"});
  server.Ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  const base::Deadline end(base::SystemClock(), std::chrono::seconds(60));
  CHECK(source->AloneInGroup(end).value());
  server.Ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  source->Close(end);
  CHECK(Names(server).empty());
}

TEST_CASE("one that holds a frame for long shows that it is there, whether it pulls or not") {
  RedisServer server;
  Add(server, "a");
  FakeClock clock;
  Faults faults;
  const auto source = MakeLosing(server, faults, clock);
  const auto held = PullSome(*source, 1);
  const int before = faults.signs;
  clock.Advance(RedisSource::kHeard / 4);
  REQUIRE(source->Pull(1).value().empty());
  CHECK(faults.signs == before + 1);
  Await([&] { return faults.shown > 0; });
  CHECK(Settle(*source, held[0], Ending::kDone));
}

}  // namespace
}  // namespace sampleproc::consumer
