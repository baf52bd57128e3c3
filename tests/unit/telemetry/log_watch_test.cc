#include "telemetry/log_watch.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "telemetry/log_fault.h"
#include "telemetry/log_writer.h"

namespace sampleproc::telemetry {
namespace {

using std::chrono::seconds;

struct LosingLogger final : base::Logger {
  bool Enabled(base::LogLevel) const override { return false; }
  void Write(base::LogLevel, std::string_view, base::LogFields) override {}
  std::uint64_t lost_lines() const override { return lost; }
  std::string WhyNotWritten() const override { return why; }

  std::uint64_t lost = 0;
  std::string why;
};

struct WatchBench {
  std::string Told() const {
    const auto all = conditions.List();
    return all.empty() ? std::string() : std::string(all[0].name) + ": " + all[0].reason;
  }

  testing::FakeClock clock;
  LosingLogger log;
  Conditions conditions{clock, log};
  LogWatch watch{clock, conditions, log};
};

TEST_CASE("lost lines are told until lines can be written again, and for a while after") {
  WatchBench bench;
  bench.watch.Look();
  CHECK(bench.Told().empty());
  bench.log.lost = 3;
  bench.log.why = "the log cannot be written";
  bench.watch.Look();
  CHECK(bench.Told() == "log: the log cannot be written: 3 lines are lost so far");
  bench.clock.Advance(seconds(100));
  bench.watch.Look();
  CHECK_FALSE(bench.Told().empty());
  bench.log.why.clear();
  bench.log.lost = 4;
  bench.watch.Look();
  CHECK(bench.Told() ==
        "log: lines can be written again; before: the log cannot be written: 4 lines are lost so "
        "far");
  bench.log.lost = 5;
  bench.watch.Look();
  CHECK(bench.Told().starts_with("log: whoever reads the log"));
  bench.clock.Advance(LogWatch::kSteady - std::chrono::milliseconds(1));
  bench.watch.Look();
  CHECK_FALSE(bench.Told().empty());
  bench.clock.Advance(std::chrono::milliseconds(1));
  bench.watch.Look();
  CHECK(bench.Told().empty());
  bench.clock.Advance(Conditions::kSoon);
  bench.log.lost = 7;
  bench.watch.Look();
  CHECK(bench.Told().ends_with(": 2 lines are lost so far"));
}

TEST_CASE("a file of its largest size is tried until it may grow, and named with its limit") {
  const testing::TempDir dir;
  const std::string path = dir.path() / "service.log";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  std::string fault;
  {
    LogWriter writer(file, [](std::uint64_t lost, base::WallTime, std::optional<int> error_number) {
      return "lost " + std::to_string(lost) + (error_number == EFBIG ? " too large" : "");
    });
    writer.Put("first");
    CHECK(writer.Flush(base::Deadline(base::SystemClock(), base::kForever)));
    CHECK_FALSE(writer.failure());
    const rlimit small{.rlim_cur = 6, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    writer.Put("second");
    writer.Put("third");
    CHECK(writer.Flush(base::Deadline(base::SystemClock(), base::kForever)));
    CHECK(writer.failure() == EFBIG);
    CHECK(writer.lost_lines() == 2);
    fault = LogFault(file, EFBIG);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    while (writer.failure()) std::this_thread::yield();
    CHECK(writer.lost_lines() == 2);
  }
  std::signal(SIGXFSZ, ignored);
  std::ifstream read_back(path);
  CHECK(std::string(std::istreambuf_iterator<char>(read_back), {}) == "first\nlost 2 too large\n");
  CHECK_THAT(fault, Catch::Contains(path));
  CHECK_THAT(fault, Catch::Contains("6 bytes"));
  ::close(file);
}

TEST_CASE("a log that is no file is told without a name") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(
      LogFault(ends[1], EPIPE).starts_with("the log cannot be written: whoever read it has gone"));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sampleproc::telemetry
