#include "consumer/sources/pull_gate.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <thread>

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a gate lets in until it is interrupted") {
  PullGate gate;
  {
    const PullGate::Pass pass(gate);
    CHECK(pass.let_in());
  }
  CHECK(PullGate::Pass(gate).let_in());
  gate.Interrupt(std::chrono::hours(1));  // nobody is in: at once
  CHECK_FALSE(PullGate::Pass(gate).let_in());
  CHECK(gate.cancel().Cancelled());
}

TEST_CASE("who is in when a gate is interrupted may take its answer") {
  PullGate gate;
  std::optional<PullGate::Pass> pass(std::in_place, gate);
  std::jthread interrupting([&] { gate.Interrupt(std::chrono::hours(1)); });
  std::this_thread::sleep_for(milliseconds(5));  // so that it is interrupted, as a rule
  const bool cancelled = gate.cancel().Cancelled();
  pass.reset();
  interrupting.join();
  CHECK_FALSE(cancelled);
  CHECK(gate.cancel().Cancelled());
}

TEST_CASE("who does not come out of an interrupted gate by the end is cancelled") {
  PullGate gate;
  const PullGate::Pass pass(gate);
  gate.Interrupt(std::chrono::hours(1), base::Deadline(base::SystemClock(), milliseconds(1)));
  CHECK(gate.cancel().Cancelled());
}

TEST_CASE("who does not come out of an interrupted gate is cancelled") {
  PullGate gate;
  const PullGate::Pass pass(gate);
  gate.Interrupt(milliseconds(1));
  CHECK(gate.cancel().Cancelled());
}

}  // namespace
}  // namespace sampleproc::consumer
