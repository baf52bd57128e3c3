#include "consumer/sources/spool_keeper.h"

#include <catch2/catch.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "unit/consumer/spool_bench.h"

namespace sampleproc::consumer {
namespace {

// Keeps its records until the test lets it deliver them.
class HoldingSink final : public ResultSink {
 public:
  explicit HoldingSink(SinkCounts& counts) : counts_(counts) {}
  std::string_view name() const override { return "test"; }
  void Take(const ResultRecord&) override { ++counts_.taken; }
  void Flush(const base::Deadline&) override {}
  SinkCounts counts() const override { return counts_; }

 private:
  SinkCounts& counts_;
};

SinkSet OneSink(SinkCounts& counts) {
  std::vector<std::unique_ptr<ResultSink>> all;
  all.push_back(std::make_unique<HoldingSink>(counts));
  return SinkSet(std::move(all));
}

TEST_CASE("a frame stays in the spool while a sink holds its result") {
  const testing::TempDir dir;
  SinkCounts counts;
  const SinkSet sinks = OneSink(counts);
  Life life(dir);
  life.keeper.emplace(*life.spool, sinks, frame::Options(), life.clock, life.conditions);
  const auto tickets = life.Pull({"a", "b"});
  for (const std::uint64_t ticket : tickets) {
    sinks.Take({"", ""}, life.log);
    life.End(ticket);
  }
  CHECK(Files(dir) == Strings{"1.json", "lock"});
  counts.delivered = 1;
  life.keeper->Sweep();
  CHECK(Files(dir) == Strings{"1.json", "1.log", "lock"});
  counts.taken += 5;  // later ones, for which there is no room
  counts.lost = 5;
  life.keeper->Sweep();
  CHECK(Files(dir) == Strings{"1.json", "1.log", "lock"});
  counts.refused = 1;
  life.keeper->Sweep();
  CHECK(Files(dir) == Strings{"lock"});
  life.keeper.reset();
}

TEST_CASE("what came back is handed out again, behind the others") {
  const testing::TempDir dir;
  Life(dir).Pull({"a", "b", "c"});
  Life life(dir);
  CHECK(life.Next() == "a 2");
  life.End(life.last, Ending::kReturned);
  for (const char* other : {"b 2", "c 2"}) {
    CHECK(life.Next() == other);
    life.End(life.last);
  }
  CHECK(life.Next().empty());
  life.RetryIsDue();
  CHECK(life.Problems().empty());
  CHECK(life.Next() == "a 2");
  life.End(life.last);
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("an answer rests the longer the oftener it comes back, and keeps no other one waiting") {
  const testing::TempDir dir;
  Life life(dir);
  life.End(life.Pull({"a"})[0], Ending::kReturned);
  const auto looks_until_next = [&life](const std::string& id) {
    for (int looks = 1; looks < 100; ++looks) {
      life.RetryIsDue();
      CHECK(life.Problems().empty());
      const std::string next = life.Next();
      if (next == id) return looks;
      CHECK(next.empty());
    }
    return 0;
  };
  for (const int looks : {1, 1, 2, 2, 2}) {
    CHECK(looks_until_next("a 1") == looks);
    life.End(life.last, Ending::kReturned);
  }
  life.End(life.Pull({"b"})[0], Ending::kReturned);
  CHECK(looks_until_next("b 1") == 1);
  life.End(life.last);
  CHECK(looks_until_next("a 1") == 1);
  life.End(life.last);
  CHECK(Files(dir) == Strings{"lock"});
}

TEST_CASE("of many answers that came back all get their turn, some at a time") {
  const testing::TempDir dir;
  Life life(dir, std::uint64_t{1} << 30);
  constexpr int kMore = 10;
  for (int i = 0; i < SpoolKeeper::kMostPutBack + kMore; ++i) {
    life.End(life.Pull({"f" + std::to_string(i)})[0], Ending::kReturned);
  }
  const auto come = [&life] {
    life.RetryIsDue();
    CHECK(life.Problems().empty());
    std::vector<std::uint64_t> came;
    while (!life.Next().empty()) came.push_back(life.last);
    return came;
  };
  const auto first = come();
  CHECK(first.size() == SpoolKeeper::kMostPutBack);
  for (const std::uint64_t ticket : first) life.End(ticket, Ending::kReturned);
  // Those that had no turn yet come before the others that are due.
  const auto next = come();
  CHECK(next.size() == SpoolKeeper::kMostPutBack);
  for (int i = 0; i < kMore; ++i) life.End(next[static_cast<std::size_t>(i)]);
  CHECK_FALSE(life.spool->Holds(SpoolKeeper::kMostPutBack + 1));
  CHECK_FALSE(life.spool->Holds(SpoolKeeper::kMostPutBack + kMore));
  CHECK(life.spool->Holds(1));
}

TEST_CASE("frames whose results a sink has lost are handed out again when it loses none") {
  const testing::TempDir dir;
  SinkCounts counts;
  const SinkSet sinks = OneSink(counts);
  Life life(dir);
  life.keeper.emplace(*life.spool, sinks, frame::Options(), life.clock, life.conditions);
  const auto tickets = life.Pull({"a", "b", "c"});
  counts = {.taken = 3, .lost = 2, .losing = true};
  life.End(tickets[0]);
  life.End(tickets[1], Ending::kReturned);
  life.End(tickets[2], Ending::kReturned);
  CHECK(life.keeper->Lost() == 2);
  const auto next = [&life] {
    life.RetryIsDue();
    CHECK(life.Problems().empty());
    return life.Next();
  };
  CHECK(next().empty());
  counts.losing = false;
  CHECK(next().empty());  // the sink holds the first one
  counts.delivered = 1;
  CHECK(next() == "b 1");  // no process has ended over it: it need not be alone
  CHECK(life.Next() == "c 1");
  for (const auto ticket : {life.last - 1, life.last}) life.End(ticket);
  CHECK(Files(dir) == Strings{"lock"});
  life.keeper.reset();
}

TEST_CASE("a frame knows whether it is written down, as long as it is") {
  const testing::TempDir dir;
  std::vector<Delivery> frames(1);
  {
    Life life(dir);
    auto answer = life.keeper->Write(R"({"frames":[)" + Life::FrameJson("a") + "]}");
    REQUIRE(answer);
    CHECK(frames[0].spooled == nullptr);
    life.keeper->Keep(*answer, frames);
    REQUIRE(frames[0].spooled != nullptr);
    CHECK(frames[0].spooled->IsThere());
  }
  Life life(dir);
  const auto left = life.keeper->NextLeft(1);
  REQUIRE(left);
  REQUIRE(left->spooled != nullptr);
  CHECK(left->spooled->IsThere());
  life.End(1);
  CHECK_FALSE(left->spooled->IsThere());
}

}  // namespace
}  // namespace sampleproc::consumer
