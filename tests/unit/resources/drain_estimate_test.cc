#include "resources/drain_estimate.h"

#include <catch2/catch.hpp>

namespace sampleproc::resources {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("what waits takes as long as so many pieces take on so many workers, rounded up") {
  DrainEstimate drain(2);
  drain.Waiting(1000);
  CHECK(drain.RetryAfter() == seconds(1));  // nothing is known yet
  drain.Finished(milliseconds(100));
  drain.Waiting(100);
  CHECK(drain.RetryAfter() == seconds(5));
  drain.Waiting(101);
  CHECK(drain.RetryAfter() == seconds(6));
}

TEST_CASE("an estimate stays between one second and half a minute") {
  DrainEstimate drain(1);
  drain.Finished(seconds(2));
  drain.Waiting(0);
  CHECK(drain.RetryAfter() == seconds(1));
  drain.Waiting(15);
  CHECK(drain.RetryAfter() == seconds(30));
  drain.Waiting(100'000);
  CHECK(drain.RetryAfter() == seconds(30));
}

TEST_CASE("an estimate follows the load within some dozens of pieces, and one outlier is not it") {
  DrainEstimate drain(1);
  for (int i = 0; i < 100; ++i) drain.Finished(milliseconds(100));
  drain.Finished(seconds(1));
  drain.Waiting(100);
  CHECK(drain.RetryAfter() == seconds(16));
  for (int i = 0; i < 100; ++i) drain.Finished(milliseconds(10));
  drain.Waiting(100);
  CHECK(drain.RetryAfter() <= seconds(2));
}

}  // namespace
}  // namespace sampleproc::resources
