#include "loadtest/criteria.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "loadtest/verdict.h"

namespace sampleproc::loadtest {
namespace {

// `good` answers of 1 ms to `good` ms, and errors.
Measurement Measured(std::uint64_t good, std::uint64_t errors) {
  Measurement measured;
  for (std::uint64_t i = 1; i <= good; ++i) {
    measured.corrected.Record(i * 1'000'000);
    measured.raw.Record(1'000'000);
    ++measured.good;
  }
  for (std::uint64_t i = 0; i < errors; ++i) measured.Fail("status_500");
  return measured;
}

bool Holds(std::string_view text, const Measurement& measured, double rate = 10) {
  const auto criteria = ParseCriteria(text);
  REQUIRE(criteria);
  return AllHold(Judge(*criteria, measured, rate));
}

TEST_CASE("criteria: what is unanswered has taken as long as it has waited") {
  Measurement measured = Measured(150, 0);
  CHECK(Holds("p99<200ms,mean<200ms,max<200ms", measured));
  for (std::uint64_t i = 1; i <= 350; ++i) measured.open.Record(20'000'000 * i);
  CHECK_FALSE(Holds("p99<6s", measured));
  CHECK_FALSE(Holds("max<6s", measured));
  CHECK_FALSE(Holds("mean<2s", measured));
  CHECK(Holds("errors<0.1%", measured));
  // Those that have hardly been sent make nothing better.
  Measurement slow = Measured(100, 0);
  for (int i = 0; i < 1000; ++i) slow.open.Record(1'000);
  CHECK_FALSE(Holds("p99<99ms", slow));
  CHECK_FALSE(Holds("mean<50ms", slow));
  // Where nothing was answered it is all that is known.
  Measurement hung;
  for (int i = 0; i < 200; ++i) hung.open.Record(3'000'000'000);
  CHECK_FALSE(Holds("p99<80ms", hung));
  CHECK_FALSE(Holds("errors<1%", hung));
}

TEST_CASE("criteria compare in their units") {
  const Measurement measured = Measured(100, 0);
  CHECK(Holds("p50<51ms", measured));
  CHECK_FALSE(Holds("p50<50ms", measured));
  CHECK(Holds("p99 < 0.1s , errors<0.1%", measured));
  CHECK(Holds("p50>49000us", measured));
  CHECK(Holds("max<=101ms", measured));
  CHECK(Holds("errors<=0", measured));
  CHECK_FALSE(Holds("errors<0", measured));
  CHECK(Holds("rate>=10", measured));
  CHECK_FALSE(Holds("rate>10", measured));
  CHECK(Holds("mean<51ms", measured));
  CHECK_FALSE(Holds("p50<51ms,p99<90ms", measured));
}

TEST_CASE("what failed is slower than anything that was answered") {
  const Measurement measured = Measured(95, 5);
  CHECK(Holds("p95<96ms", measured));
  CHECK_FALSE(Holds("p96<1000s", measured));
  CHECK_FALSE(Holds("max<1000s", measured));
  CHECK_FALSE(Holds("mean<1000s", measured));
  CHECK(Holds("p0<3ms", measured));
  CHECK(std::isinf(measured.PercentileOfAll(measured.raw, 99)));
  CHECK(Holds("errors<5.1%", measured));
  CHECK_FALSE(Holds("errors<5%", measured));
  CHECK(Holds("errors<6", measured));
}

TEST_CASE("a run without an answer holds nothing") {
  CHECK_FALSE(Holds("errors<=0", Measured(0, 0)));
  CHECK_FALSE(Holds("p99<1s", Measured(0, 0)));
  CHECK_FALSE(Holds("p99>0ms", Measured(0, 0)));
  CHECK(Describe(Judge(*ParseCriteria("p99<1s"), Measured(0, 0), 0).front())
            .ends_with("nothing was finished"));
}

TEST_CASE("what is no criterion is refused with its number") {
  for (const std::string_view text :
       {"", "p99", "p99<", "p99<80", "p99<80m", "p101<1ms", "p<1ms", "errors<1ms", "rate<5%",
        "speed<1", "p99=80ms", "p99<-1ms", "p99<1ms,", "p99<nanms"}) {
    CAPTURE(text);
    const auto criteria = ParseCriteria(text);
    REQUIRE_FALSE(criteria);
    CHECK(criteria.error().code == base::ErrorCode::kUsage);
  }
  CHECK(ParseCriteria("p99<1ms,bad").error().message.starts_with("criterion 2 "));
}

}  // namespace
}  // namespace sampleproc::loadtest
