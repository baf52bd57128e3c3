#include "resources/drain_estimate.h"

#include <catch2/catch.hpp>

namespace sampleproc::resources {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("what waits takes as long as its work takes all workers, rounded up") {
  DrainEstimate drain(2);
  CHECK(drain.RetryAfter() == seconds(1));  // nothing is known yet
  drain.Waiting(seconds(10));
  CHECK(drain.RetryAfter() == seconds(5));
  drain.Waiting(seconds(10) + milliseconds(100));
  CHECK(drain.RetryAfter() == seconds(6));
  CHECK(drain.Wait(milliseconds(1900)) == seconds(6));
}

TEST_CASE("an estimate stays between one second and half a minute") {
  DrainEstimate drain(1);
  drain.Waiting(seconds(0));
  CHECK(drain.RetryAfter() == seconds(1));
  drain.Waiting(seconds(30));
  CHECK(drain.RetryAfter() == seconds(30));
  drain.Waiting(std::chrono::hours(1));
  CHECK(drain.RetryAfter() == seconds(30));
}

TEST_CASE("an estimate follows the load within some dozens of pieces, and one outlier is not it") {
  DrainEstimate drain(1);
  CHECK(drain.Expected(1000) == seconds(0));
  for (int i = 0; i < 100; ++i) drain.Finished(1000, milliseconds(100));
  CHECK(drain.Expected(1000) == milliseconds(100));
  CHECK(drain.AtMost(1000) == milliseconds(100));
  drain.Finished(1000, seconds(1));
  CHECK(drain.Expected(1000) < milliseconds(160));
  CHECK(drain.AtMost(1000) > drain.Expected(1000));
  for (int i = 0; i < 100; ++i) drain.Finished(1000, milliseconds(10));
  CHECK(drain.Expected(1000) < milliseconds(12));
}

TEST_CASE("sizes are estimated apart, and an unknown one by the nearest that is known") {
  DrainEstimate drain(1);
  drain.Finished(1'000'000, seconds(2));
  CHECK(drain.Expected(10) == seconds(2));  // nothing smaller is known
  drain.Finished(1000, milliseconds(1));
  CHECK(drain.Expected(1000) == milliseconds(1));
  CHECK(drain.Expected(600) == milliseconds(1));      // of the same power of two
  CHECK(drain.Expected(100'000) == milliseconds(1));  // the next smaller one
  CHECK(drain.Expected(900'000) == seconds(2));
  CHECK(drain.Expected(50'000'000) == seconds(2));
  CHECK(drain.Expected(0) == milliseconds(1));
}

}  // namespace
}  // namespace sampleproc::resources
