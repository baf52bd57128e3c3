#include "consumer/pixels/host_conditions.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::consumer {
namespace {

struct Board {
  bool told() const { return !conditions.List().empty(); }

  sampleproc::testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  telemetry::Conditions conditions{clock, log};
  HostConditions hosts{conditions};
  base::MonoTime now{};
};

TEST_CASE("a host that is away is told until its next answer") {
  Board board;
  board.hosts.Raise("a", "away", board.now);
  CHECK(board.told());
  board.hosts.Answered("a", board.now);
  CHECK_FALSE(board.told());
  CHECK_FALSE(board.hosts.idle());
  board.hosts.Look(board.now + HostConditions::kSteady);
  CHECK(board.hosts.idle());
}

TEST_CASE("a host that comes and goes is told once, until it is steady") {
  Board board;
  int begun = 0;
  bool before = false;
  for (int i = 0; i < 100; ++i) {
    board.hosts.Raise("a", "away", board.now);
    begun += before ? 0 : 1;
    before = true;
    board.hosts.Answered("a", board.now);
    board.hosts.Look(board.now);
    before = board.told();
    board.now += std::chrono::milliseconds(300);
  }
  CHECK(begun == 2);  // the first time nobody knows
  CHECK(board.told());
  board.hosts.Failed("a", board.now);  // without a pause
  board.hosts.Look(board.now + HostConditions::kSteady);
  CHECK(board.told());  // it has not answered since
  board.hosts.Answered("a", board.now);
  board.hosts.Look(board.now + HostConditions::kSteady - std::chrono::milliseconds(1));
  CHECK(board.told());
  board.hosts.Look(board.now + HostConditions::kSteady);
  CHECK_FALSE(board.told());
}

TEST_CASE("a host that has no frames any more is not told") {
  Board board;
  board.hosts.Raise("a", "away", board.now);
  board.hosts.Forget("a");
  CHECK_FALSE(board.told());
  CHECK(board.hosts.idle());
  board.hosts.Answered("a", board.now);
  board.hosts.Failed("a", board.now);
  CHECK(board.hosts.idle());
}

}  // namespace
}  // namespace sampleproc::consumer
