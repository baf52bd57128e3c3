#include "loadtest/verdict.h"

#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLimit{10};

// A run of ten seconds whose requests were all so late and all took so long.
RunResult Run(milliseconds lag, milliseconds latency, GeneratorUse use) {
  RunResult result;
  result.elapsed_s = 10;
  result.generator = use;
  const auto count = [](milliseconds time) {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count());
  };
  for (int i = 0; i < 1000; ++i) {
    result.total.Fail("status_500");
    result.total.send_lag.Record(count(lag));
    result.total.corrected.Record(count(latency));
  }
  return result;
}

constexpr GeneratorUse kIdle{.cpu = 0.1, .wanted = 0.1, .cpu_s = 1};
constexpr GeneratorUse kPushedAside{.cpu = 0.2, .wanted = 0.9, .cpu_s = 2};
constexpr GeneratorUse kBusy{.cpu = 0.99, .wanted = 1, .cpu_s = 9.9};

std::string OnlyLimit(const RunResult& result, bool closed) {
  const auto limits = GeneratorLimits(result, closed, kLimit);
  REQUIRE(limits.size() == 1);
  return limits.front();
}

bool Says(const std::string& text, std::string_view part) { return text.contains(part); }

}  // namespace

TEST_CASE("verdict: a prompt generator is no limit, however busy its machine") {
  for (const GeneratorUse& use : {kIdle, kPushedAside}) {
    CHECK(GeneratorLimits(Run(milliseconds(0), milliseconds(5), use), false, kLimit).empty());
  }
}

TEST_CASE("verdict: a delay that is little beside the latency is no limit") {
  CHECK(GeneratorLimits(Run(milliseconds(20), milliseconds(2000), kPushedAside), false, kLimit)
            .empty());
}

TEST_CASE("verdict: a delay that was asked for as no matter is none") {
  CHECK(
      GeneratorLimits(Run(milliseconds(50), milliseconds(60), kIdle), false, std::chrono::hours(1))
          .empty());
}

TEST_CASE("verdict: a late generator is the limit, and the cause is told") {
  const auto busy = GeneratorLimits(Run(milliseconds(20), milliseconds(50), kBusy), false, kLimit);
  REQUIRE(busy.size() == 2);
  CHECK(Says(busy.front(), "used 99 % of a core and can do no more"));
  CHECK(Says(OnlyLimit(Run(milliseconds(20), milliseconds(50), kPushedAside), false),
             "waited for one for another 70 %"));
  CHECK(Says(OnlyLimit(Run(milliseconds(20), milliseconds(50), kIdle), false),
             "machine itself stood still"));
}

TEST_CASE("verdict: a generator that reads late is the limit, however promptly it sends") {
  for (const bool closed : {false, true}) {
    RunResult result = Run(milliseconds(0), milliseconds(5000), kPushedAside);
    for (int i = 0; i < 1000; ++i) result.total.read_lag.Record(i < 980 ? 1'000 : 2'000'000'000);
    CHECK(Says(GeneratorLimits(result, closed, kLimit).front(), "read lag: "));
    CHECK(GeneratorLimits(result, false, std::chrono::hours(1)).empty());
  }
}

TEST_CASE("verdict: a core used up is a limit by itself, whatever the delays say") {
  CHECK(OnlyLimit(Run(milliseconds(0), milliseconds(5000), kBusy), false).starts_with("CPU: "));
  CHECK(GeneratorLimits(Run(milliseconds(0), milliseconds(5000), kBusy), false,
                        std::chrono::hours(1000))
            .empty());
  // One that waited for a core most of the time is, when it fell behind.
  RunResult starved = Run(milliseconds(0), milliseconds(5000), {.cpu = 0.5, .wanted = 0.99});
  CHECK(GeneratorLimits(starved, false, kLimit).empty());
  starved.intended_rate = 700;
  starved.achieved_rate = 251;
  CHECK(OnlyLimit(starved, false).starts_with("CPU: "));
}

TEST_CASE("verdict: one late request in a short run is a moment of the machine, ten are a limit") {
  RunResult result;
  for (int i = 0; i < 80; ++i) {
    CHECK(GeneratorLimits(result, false, kLimit).empty());
    result.total.corrected.Record(100'000'000);
    result.total.send_lag.Record(i < 71 ? 1'000 : 20'000'000);
  }
  CHECK(GeneratorLimits(result, false, kLimit).empty());
  result.total.send_lag.Record(20'000'000);
  CHECK(OnlyLimit(result, false).contains("came to 10 of 81 requests"));
}

TEST_CASE("verdict: with too little CPU a tenth of the delay is enough") {
  const RunResult pressed = Run(milliseconds(3), milliseconds(5), kPushedAside);
  CHECK(OnlyLimit(pressed, false).starts_with("send lag: "));
  CHECK(GeneratorLimits(pressed, false, std::chrono::microseconds(100)).size() == 1);
  CHECK(GeneratorLimits(Run(milliseconds(3), milliseconds(5), kIdle), false, kLimit).empty());
}

TEST_CASE("verdict: a closed loop has no delay to show, so its CPU tells") {
  CHECK(GeneratorLimits(Run(milliseconds(0), milliseconds(5), kIdle), true, kLimit).empty());
  CHECK(OnlyLimit(Run(milliseconds(0), milliseconds(5), kBusy), true).starts_with("CPU: "));
  CHECK(OnlyLimit(Run(milliseconds(0), milliseconds(5), kPushedAside), true).starts_with("CPU: "));
  CHECK(OnlyLimit(Run(milliseconds(0), milliseconds(5), {.cpu = 0.05, .wanted = 0.4, .cpu_s = 1}),
                  true)
            .contains("waited for one for another 35 %"));
  RunResult brief = Run(milliseconds(0), milliseconds(5), kBusy);
  brief.elapsed_s = 0.5;
  CHECK(GeneratorLimits(brief, true, kLimit).empty());
}

TEST_CASE("verdict: no socket left is the limit of this machine, a refused connection is not") {
  RunResult result = Run(milliseconds(0), milliseconds(5), kIdle);
  result.total.Fail(failure::kConnect);
  CHECK(GeneratorLimits(result, false, kLimit).empty());
  result.total.Fail(failure::kNoSocket);
  CHECK(OnlyLimit(result, false).starts_with("sockets: 1 "));
}

TEST_CASE("verdict: requests that waited for a connection are, unless their number was chosen") {
  RunResult result = Run(milliseconds(0), milliseconds(5), kIdle);
  result.total.intended = 1000;
  result.total.waited = 400;
  CHECK(GeneratorLimits(result, false, kLimit).empty());
  result.connection_limit = 960;
  CHECK(OnlyLimit(result, false).starts_with("sockets: 400 requests were due while all 960 "));
  CHECK(GeneratorLimits(result, true, kLimit).empty());
  result.total.waited = 3;
  CHECK(GeneratorLimits(result, false, kLimit).empty());
}

TEST_CASE("verdict: who waits for Redis's answers is late for that") {
  RunResult result = Run(milliseconds(20), milliseconds(50), kIdle);
  result.total.intended = 1000;
  result.total.waited = 800;
  CHECK(Says(OnlyLimit(result, false), "machine itself stood still"));
  result.sends_in_turn = true;
  CHECK(Says(OnlyLimit(result, false), "800 frames were due while it waited for Redis"));
}

TEST_CASE("verdict: of a stream's frames none may be lost, twice or out of order") {
  Measurement total;
  total.Fail("timeout");
  total.Fail("status_500");
  CHECK(LedgerProblem(total).empty());
  total.Fail("lost");
  total.Fail("duplicate");
  total.Fail("duplicate");
  CHECK(LedgerProblem(total) == "1 lost, 2 duplicate");
}

TEST_CASE("verdict: a delay below the limit is told when it is much of the latency") {
  CHECK(Says(GeneratorNote(Run(milliseconds(3), milliseconds(5), kIdle), false), "3 ms beside 5"));
  CHECK(GeneratorNote(Run(milliseconds(1), milliseconds(5), kIdle), false).empty());
  CHECK(GeneratorNote(Run(milliseconds(3), milliseconds(5), kIdle), true).empty());
}

TEST_CASE("verdict: invalid comes before a missed criterion, and that before a pass") {
  const std::vector<Judgement> missed{{.criterion = {}, .measured = 1, .holds = false}};
  CHECK(Decide({"send lag"}, missed) == Verdict::kInvalid);
  CHECK(Decide({}, missed) == Verdict::kFail);
  CHECK(Decide({}, {}) == Verdict::kPass);
}

}  // namespace sampleproc::loadtest
