#include "net/circuit.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void FailOften(Circuit& circuit, int times) {
  for (int i = 0; i < times; ++i) {
    REQUIRE(circuit.MayTry());
    circuit.Failed();
  }
}

TEST_CASE("three failures in a row open the circuit, a success before starts the count anew") {
  testing::FakeClock clock;
  Circuit circuit(clock);
  FailOften(circuit, 2);
  circuit.Succeeded();
  FailOften(circuit, 2);
  CHECK(circuit.opened() == 0);
  FailOften(circuit, 1);
  CHECK(circuit.opened() == 1);
  CHECK_FALSE(circuit.MayTry());
}

TEST_CASE("after a rest one tries; the rest doubles with each failure, to half a minute") {
  testing::FakeClock clock;
  Circuit circuit(clock);
  FailOften(circuit, 3);
  for (const int rest : {1, 2, 4, 8, 16, 30, 30}) {
    clock.Advance(seconds(rest) - milliseconds(1));
    CHECK_FALSE(circuit.MayTry());
    clock.Advance(milliseconds(1));
    CHECK(circuit.MayTry());
    CHECK_FALSE(circuit.MayTry());
    circuit.Failed();
  }
  CHECK(circuit.opened() == 1);
  clock.Advance(seconds(30));
  REQUIRE(circuit.MayTry());
  circuit.Succeeded();
  FailOften(circuit, 3);
  CHECK(circuit.opened() == 2);
}

TEST_CASE("who gives up leaves the attempt to the next, and a circuit can be closed by hand") {
  testing::FakeClock clock;
  Circuit circuit(clock);
  FailOften(circuit, 3);
  clock.Advance(seconds(1));
  REQUIRE(circuit.MayTry());
  circuit.GaveUp();
  CHECK(circuit.MayTry());
  CHECK_FALSE(circuit.MayTry());
  circuit.Close();
  FailOften(circuit, 2);
  CHECK(circuit.MayTry());
}

}  // namespace
}  // namespace sampleproc::net
