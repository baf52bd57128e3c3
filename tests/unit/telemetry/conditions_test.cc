#include "telemetry/conditions.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "support/fake_clock.h"

namespace sampleproc::telemetry {
namespace {

class Log final : public base::Logger {
 public:
  bool Enabled(base::LogLevel) const override { return true; }
  void Write(base::LogLevel level, std::string_view message, base::LogFields fields) override {
    std::string line(level == base::LogLevel::kWarning ? "W " : "I ");
    line += message;
    for (const base::LogField& field : fields) {
      const auto* text = std::get_if<std::string_view>(&field.value);
      if (text != nullptr) line += ' ' + std::string(*text);
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

struct Bench {
  testing::FakeClock clock;
  Log log;
  Conditions conditions{clock, log};
};

TEST_CASE("a condition is told once when it begins and once when it ends") {
  Bench bench;
  bench.conditions.Raise(condition::kPixelHost, "cam:80", "refuses connections");
  bench.conditions.Raise(condition::kPixelHost, "cam:80", "answers with 500");
  bench.clock.Advance(std::chrono::seconds(3));
  const auto list = bench.conditions.List();
  REQUIRE(list.size() == 1);
  CHECK(list[0].name == "pixel_host");
  CHECK(list[0].subject == "cam:80");
  CHECK(list[0].reason == "answers with 500");
  CHECK(list[0].lasted == std::chrono::seconds(3));
  bench.conditions.Clear(condition::kPixelHost, "cam:80");
  bench.conditions.Clear(condition::kPixelHost, "cam:80");
  CHECK(bench.conditions.List().empty());
  CHECK(bench.log.lines ==
        std::vector<std::string>{"W condition begins pixel_host cam:80 refuses connections",
                                 "I condition ends pixel_host cam:80 answers with 500"});
}

TEST_CASE("what never was wrong does not end") {
  Bench bench;
  bench.conditions.Clear(condition::kSpool);
  CHECK(bench.log.lines.empty());
}

TEST_CASE("a condition that comes and goes begins and ends twice") {
  Bench bench;
  const auto told = [&bench] { return bench.log.lines.size(); };
  const auto raise = [&bench] { bench.conditions.Raise(condition::kSink, "webhook", "503"); };
  const auto clear = [&bench] { bench.conditions.Clear(condition::kSink, "webhook"); };
  raise();
  clear();
  CHECK(bench.conditions.List().empty());
  bench.conditions.Sweep();
  bench.clock.Advance(Conditions::kSoon - std::chrono::seconds(1));
  raise();
  CHECK(told() == 3);
  for (int i = 0; i < 20; ++i) {
    clear();
    bench.clock.Advance(std::chrono::seconds(2));
    bench.conditions.Sweep();
    REQUIRE(bench.conditions.List().size() == 1);
    CHECK(bench.conditions.List()[0].reason.starts_with("503; it works again"));
    CHECK(bench.conditions.List()[0].lasted == std::chrono::seconds(2 * (i + 1)));
    raise();
    CHECK(bench.conditions.List()[0].reason == "503");
  }
  clear();
  bench.clock.Advance(Conditions::kSoon - std::chrono::seconds(1));
  clear();
  bench.conditions.Sweep();
  CHECK(told() == 3);
  bench.clock.Advance(std::chrono::seconds(1));
  bench.conditions.Sweep();
  CHECK(bench.conditions.List().empty());
  REQUIRE(told() == 4);
  CHECK(bench.log.lines[3] == "I condition ends sink webhook 503");
}

TEST_CASE("a condition that comes back late stands alone") {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.conditions.Raise(condition::kSink, "webhook", "503");
    bench.conditions.Clear(condition::kSink, "webhook");
    CHECK(bench.conditions.List().empty());
    bench.clock.Advance(Conditions::kSoon);
    if (i == 1) bench.conditions.Sweep();
  }
  CHECK(bench.log.lines.size() == 6);
}

TEST_CASE("what is gone is not watched any more") {
  Bench bench;
  for (int i = 0; i < 2; ++i) {
    bench.conditions.Raise(condition::kCamera, "yard", "away");
    bench.conditions.Clear(condition::kCamera, "yard");
  }
  CHECK(bench.conditions.List().size() == 1);
  bench.conditions.Forget(condition::kCamera, "yard");
  CHECK(bench.conditions.List().empty());
  CHECK(bench.log.lines.size() == 4);
  bench.conditions.Forget(condition::kCamera, "yard");
  CHECK(bench.log.lines.size() == 4);
}

TEST_CASE("those that have ended leave room for new ones") {
  Bench bench;
  for (std::size_t i = 0; i < 2 * Conditions::kMostCounted; ++i) {
    bench.conditions.Raise(condition::kPixelHost, std::to_string(i), "refuses");
    bench.conditions.Clear(condition::kPixelHost, std::to_string(i));
  }
  CHECK(bench.conditions.List().empty());
  bench.conditions.Raise(condition::kPixelHost, "new", "refuses");
  CHECK(bench.conditions.List().size() == 1);
}

TEST_CASE("strangers who name hosts do not make the board grow without end") {
  Bench bench;
  for (int i = 0; i < 1000; ++i) {
    bench.conditions.Raise(condition::kPixelHost, "host" + std::to_string(i), "refuses");
  }
  bench.conditions.Raise(condition::kSpool, "", "the disk is full");
  const auto listed = bench.conditions.List();
  REQUIRE(listed.size() == Conditions::kMostSubjects + 2);
  const std::string more = std::to_string(1000 - Conditions::kMostSubjects);
  CHECK(listed[Conditions::kMostSubjects].subject == "(" + more + " more)");
  CHECK(listed.back().name == condition::kSpool);
  const auto counts = bench.conditions.Counts();
  const auto spool = std::ranges::find(counts, condition::kSpool,
                                       &std::pair<std::string_view, std::size_t>::first);
  REQUIRE(spool != counts.end());
  CHECK(spool->second == 1);
  CHECK(std::ranges::count(counts, condition::kSink,
                           &std::pair<std::string_view, std::size_t>::first) == 1);
}

TEST_CASE("what was only counted is told when there is room and it still lasts") {
  Bench bench;
  const auto host = [](std::size_t i) { return "host" + std::to_string(i); };
  for (std::size_t i = 0; i <= Conditions::kMostSubjects; ++i) {
    bench.conditions.Raise(condition::kPixelHost, host(i), "refuses");
  }
  CHECK(bench.conditions.List().back().subject == "(1 more)");
  bench.conditions.Clear(condition::kPixelHost, host(0));
  bench.conditions.Raise(condition::kPixelHost, host(Conditions::kMostSubjects), "refuses");
  CHECK(bench.conditions.List().size() == Conditions::kMostSubjects);
  for (std::size_t i = 1; i <= Conditions::kMostSubjects; ++i) {
    bench.conditions.Clear(condition::kPixelHost, host(i));
  }
  CHECK(bench.conditions.List().empty());
}

}  // namespace
}  // namespace sampleproc::telemetry
