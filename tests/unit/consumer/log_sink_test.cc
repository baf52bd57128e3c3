#include "consumer/sinks/log_sink.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "consumer/sink_set.h"
#include "support/counting_log.h"
#include "support/fake_clock.h"

namespace sampleproc::consumer {
namespace {

// A log whose lines wait until it is said what becomes of them.
class HoldingLog final : public base::Logger {
 public:
  bool Enabled(base::LogLevel level) const override { return level >= least_; }
  void SetLevel(base::LogLevel level) override { least_ = level; }
  void Write(base::LogLevel, std::string_view, base::LogFields) override {}
  void WriteCounted(base::LogLevel, std::string_view, base::LogFields,
                    const std::shared_ptr<base::LineCounts>& counts) override {
    held_.push_back(counts);
  }
  std::string WhyNotWritten() const override { return why; }
  void End(bool written) {
    for (const auto& counts : std::exchange(held_, {})) {
      ++(written ? counts->written : counts->lost);
    }
  }

  std::string why;

 private:
  base::LogLevel least_ = base::LogLevel::kInfo;
  std::vector<std::shared_ptr<base::LineCounts>> held_;
};

struct LogBench {
  testing::FakeClock clock;
  sampleproc::test::CountingLog told;
  telemetry::Conditions conditions{clock, told};
  HoldingLog log;
  LogSink sink{clock, conditions, log};

  void Take(int count) {
    for (int i = 0; i < count; ++i) sink.Take({.frame_id = "f", .json = "{}"});
  }
  std::string Problem() {
    sink.Look();
    const auto all = conditions.List();
    CHECK(sink.counts().failing == !all.empty());
    return all.empty() ? "" : all.front().reason;
  }
};

TEST_CASE("a result is delivered by the log once its line is written") {
  LogBench bench;
  bench.Take(3);
  CHECK(bench.sink.counts().held() == 3);
  CHECK(bench.sink.counts().delivered == 0);
  bench.log.End(true);
  CHECK(bench.sink.counts().held() == 0);
  CHECK(bench.sink.counts().delivered == 3);
  CHECK(bench.Problem().empty());
}

TEST_CASE("a result whose line cannot be written is lost, and that is told until lines are") {
  LogBench bench;
  bench.Take(2);
  bench.log.why = "its disk is full";
  bench.log.End(false);
  CHECK(bench.sink.counts().lost == 2);
  CHECK(bench.sink.counts().delivered == 0);
  CHECK(bench.Problem().find("cannot be written") != std::string::npos);
  CHECK(bench.Problem().ends_with("2 are lost so far"));
  bench.clock.Advance(2 * LogSink::kLossLasts);
  CHECK_FALSE(bench.Problem().empty());  // none has been written
  bench.Take(1);
  bench.log.End(true);
  CHECK(bench.Problem().empty());
}

TEST_CASE("a loss is over once the log can be written, be it that there is no result to show it") {
  LogBench bench;
  bench.Take(2);
  bench.log.why = "its disk is full";
  bench.log.End(false);
  CHECK_FALSE(bench.Problem().empty());
  bench.clock.Advance(LogSink::kLossLasts);
  CHECK_FALSE(bench.Problem().empty());
  bench.log.why.clear();
  CHECK(bench.Problem().empty());
}

TEST_CASE("results that the log's level leaves out are lost, and that is told") {
  LogBench bench;
  bench.log.SetLevel(base::LogLevel::kWarning);
  bench.Take(2);
  CHECK(bench.sink.counts().lost == 2);
  CHECK(bench.sink.counts().losing);
  CHECK(bench.Problem().find("telemetry.log_level") != std::string::npos);
  bench.log.SetLevel(base::LogLevel::kInfo);
  bench.Take(1);
  bench.log.End(true);
  bench.clock.Advance(LogSink::kLossLasts);
  CHECK(bench.Problem().empty());
  CHECK_FALSE(bench.sink.counts().losing);
}

TEST_CASE("results that wait for whoever reads the log are told") {
  LogBench bench;
  CHECK(bench.Problem().empty());
  bench.Take(1);
  bench.clock.Advance(LogSink::kBehind / 2);
  CHECK(bench.Problem().empty());
  bench.clock.Advance(LogSink::kBehind);
  CHECK(bench.Problem().find("1 results wait for whoever reads the log") == 0);
  bench.log.End(true);
  CHECK(bench.Problem().empty());
}

TEST_CASE("frames in the spool do not wait for a line that was lost") {
  LogBench bench;
  std::vector<std::unique_ptr<ResultSink>> sinks;
  sinks.push_back(std::make_unique<LogSink>(bench.clock, bench.conditions, bench.log));
  const SinkSet set(std::move(sinks));
  set.Take({.frame_id = "f", .json = "{}"}, bench.told);
  const SinkSet::Mark mark = set.Taken();
  CHECK_FALSE(set.Through(mark));
  bench.log.End(false);
  CHECK(set.Through(mark));
  CHECK(set.Lost() == 0);  // none as soon as it was handed over
  CHECK(set.Taken() == mark);
}

}  // namespace
}  // namespace sampleproc::consumer
