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

}  // namespace
}  // namespace sampleproc::consumer
