#include "telemetry/episode.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "telemetry/first_few.h"

namespace sampleproc::telemetry {
namespace {

using std::chrono::seconds;

// Keeps state and count of each line.
class Log final : public base::Logger {
 public:
  bool Enabled(base::LogLevel) const override { return true; }
  void Write(base::LogLevel, std::string_view message, base::LogFields fields) override {
    std::string line(message);
    for (const base::LogField& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        line += ' ' + std::string(*text);
      } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        line += ' ' + std::to_string(*number);
      }
    }
    lines.push_back(line);
  }
  std::vector<std::string> Take() { return std::exchange(lines, {}); }
  std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

TEST_CASE("an episode is told by its beginning, every minute, and its end") {
  Log log;
  Episode episode("frames are dropped", "max_age", log);
  base::MonoTime now{};
  std::uint64_t count = 0;
  episode.Look(count, now);
  CHECK(log.Take().empty());
  for (int second = 0; second < 130; ++second) episode.Look(count += 1000, now += seconds(1));
  CHECK(log.Take() == Lines{"frames are dropped max_age begins 1000",
                            "frames are dropped max_age goes on 60000",
                            "frames are dropped max_age goes on 60000"});
  for (int second = 0; second < 9; ++second) episode.Look(count, now += seconds(1));
  CHECK(log.Take().empty());
  for (int second = 0; second < 99; ++second) episode.Look(count, now += seconds(1));
  CHECK(log.Take() == Lines{"frames are dropped max_age ended 130000"});
  episode.Look(count + 1, now);
  CHECK(log.Take() == Lines{"frames are dropped max_age begins 1"});
}

TEST_CASE("what comes now and then is one episode") {
  Log log;
  Episode episode("m", "r", log);
  base::MonoTime now{};
  std::uint64_t count = 0;
  for (int i = 0; i < 10; ++i) {
    episode.Look(++count, now += seconds(1));
    for (int second = 0; second < 4; ++second) episode.Look(count, now += seconds(1));
  }
  CHECK(log.Take() == Lines{"m r begins 1"});
}

TEST_CASE(
    "the first few of a row have a line of their own, and a new row begins after a quiet time") {
  FirstFew few;
  base::MonoTime now{std::chrono::hours(1)};
  for (int row = 0; row < 2; ++row) {
    int told = 0;
    for (int i = 0; i < 3'000; ++i) {
      told += few.Next(now) ? 1 : 0;
      now += std::chrono::milliseconds(100);
    }
    CHECK(told == FirstFew::kLines);
    now += FirstFew::kQuiet;
  }
}

TEST_CASE("what one subject does often does not hide what another does for the first time") {
  FirstFewOfEach few;
  base::MonoTime now{std::chrono::hours(1)};
  for (int i = 0; i < 100; ++i) few.Next("often", now);
  CHECK_FALSE(few.Next("often", now));
  CHECK(few.Next("seldom", now));

  // However many subjects there are, they are told in a bounded number of lines.
  int told = 0;
  for (int i = 0; i < 10'000; ++i) told += few.Next("made up " + std::to_string(i), now) ? 1 : 0;
  CHECK(told == static_cast<int>(FirstFewOfEach::kSubjects) - 2 + FirstFew::kLines);
  CHECK(few.Next("seldom", now));
  now += FirstFew::kQuiet;
  CHECK(few.Next("new", now));
}

}  // namespace
}  // namespace sampleproc::telemetry
