#include "loadtest/server_metrics.h"

#include <atomic>
#include <catch2/catch.hpp>

namespace sampleproc::loadtest {
namespace {

std::string Text(double queue_s, int queued_frames, double total_s, int frames) {
  const auto line = [](const std::string& name, const std::string& value) {
    return "sampleproc_" + name + " " + value + "\n";
  };
  return "# TYPE sampleproc_stage_duration_seconds histogram\n" + line("queue_limit_frames", "64") +
         line("queue_frames", "3") +
         line("stage_duration_seconds_bucket{stage=\"queue\",le=\"0.1\"}", "9") +
         line("stage_duration_seconds_sum{stage=\"queue\"}", std::to_string(queue_s)) +
         line("stage_duration_seconds_count{stage=\"queue\"}", std::to_string(queued_frames)) +
         line("stage_duration_seconds_sum{stage=\"total\"}", std::to_string(total_s)) +
         line("stage_duration_seconds_count{stage=\"total\"}", std::to_string(frames)) +
         "sampleproc_stage_duration_seconds_sum{\nnonsense";
}

}  // namespace

TEST_CASE("server metrics: the stages of a text are read, other lines passed over") {
  const ServerSample sample = ParseServerSample(Text(1.5, 10, 4, 20));
  REQUIRE(sample.stages.size() == 2);
  CHECK(sample.stages.at("queue").seconds == 1.5);
  CHECK(sample.stages.at("queue").frames == 10);
  CHECK(sample.stages.at("total").frames == 20);
  CHECK(sample.queued == 3);
}

TEST_CASE("server metrics: the text of another service has no stages") {
  CHECK(ParseServerSample("").stages.empty());
  CHECK(ParseServerSample("<html>\n\n404").stages.empty());
}

TEST_CASE("server metrics: numbers that nobody can mean are passed over") {
  for (const char* number :
       {"NaN", "+Inf", "-Inf", "inf", "nan", "-1", "1e306", "1e999", "", "x"}) {
    CAPTURE(number);
    const std::string text = "sampleproc_queue_frames " + std::string(number) +
                             "\nsampleproc_stage_duration_seconds_sum{stage=\"total\"} " + number +
                             "\nsampleproc_stage_duration_seconds_count{stage=\"total\"} " +
                             number + "\n";
    const ServerSample sample = ParseServerSample(text);
    CHECK(sample.stages.empty());
    CHECK(sample.queued == 0);
  }
}

TEST_CASE("server metrics: a stage of which only one number is right is passed over") {
  const std::string name = "sampleproc_stage_duration_seconds_";
  CHECK(ParseServerSample(name + "sum{stage=\"a\"} 1\n" + name + "count{stage=\"a\"} NaN\n" + name +
                          "sum{stage=\"b\"} -1\n" + name + "count{stage=\"b\"} 1\n")
            .stages.empty());
}

TEST_CASE("server metrics: what is no name of a stage is passed over, and so are too many") {
  std::string text;
  const auto add = [&text](const std::string& stage) {
    for (const char* number : {"sum", "count"}) {
      text += "sampleproc_stage_duration_seconds_" + std::string(number) + "{stage=\"" + stage +
              "\"} 1\n";
    }
  };
  for (const char* name : {"\x1b]0;title\x07", "<script>", "a b", ""}) add(name);
  add(std::string(65, 'a'));
  CHECK(ParseServerSample(text).stages.empty());
  for (int i = 0; i < 1000; ++i) add("s" + std::to_string(i));
  CHECK(ParseServerSample(text).stages.size() == 100);
}

TEST_CASE("server metrics: sums that fall back count from nothing, never below") {
  CHECK(Between(ParseServerSample(Text(9, 10, 9, 10)), ParseServerSample(Text(1, 20, 2, 20)), 1)
            .stage_ms.at("total") == Approx(100));
}

TEST_CASE("server metrics: what frames took between two samples") {
  const ServerSample before = ParseServerSample(Text(1, 10, 4, 20));
  const ServerSample after = ParseServerSample(Text(1.5, 20, 4, 20));
  const ServerSecond made = Between(before, after, 7);
  CHECK(made.second == 7);
  CHECK(made.stage_ms.at("queue") == Approx(50));
  CHECK_FALSE(made.stage_ms.contains("total"));
  CHECK(made.frames == 0);
}

TEST_CASE("server metrics: a service that was started anew counts from nothing") {
  const ServerSecond made =
      Between(ParseServerSample(Text(9, 100, 9, 100)), ParseServerSample(Text(1, 10, 2, 10)), 1);
  CHECK(made.stage_ms.at("queue") == Approx(100));
  CHECK(made.frames == 10);
}

TEST_CASE("server metrics: a service's first frame comes after the first sample") {
  int asked = 0;
  ServerWatch watch([&asked](const base::Allowance&) -> base::Result<std::string> {
    return asked++ == 0 ? "sampleproc_queue_frames 0\n" : Text(1, 10, 2, 10);
  });
  const ServerReport report = watch.Finish();
  REQUIRE_FALSE(report.seconds.empty());  // one more for each second that passes here
  CHECK(report.total.stage_ms.at("total") == Approx(200));
  CHECK(report.total.frames == 10);
  CHECK(report.problem.empty());
}

TEST_CASE("server metrics: all that comes after the construction counts") {
  std::atomic<int> frames = 0;
  ServerWatch watch([&frames](const base::Allowance&) -> base::Result<std::string> {
    const int so_far = frames;
    return so_far == 0 ? "sampleproc_queue_frames 0\n" : Text(1, so_far, 2, so_far);
  });
  frames = 10;
  CHECK(watch.Finish().total.frames == 10);
}

TEST_CASE("server metrics: why there is nothing is told") {
  ServerWatch refused([](const base::Allowance&) -> base::Result<std::string> {
    return base::Fail(base::ErrorCode::kUnavailable, "GET /metrics: 404");
  });
  CHECK(refused.Finish().problem == "GET /metrics: 404");
  ServerWatch other([](const base::Allowance&) -> base::Result<std::string> { return "up 1\n"; });
  CHECK(other.Finish().problem.contains("sampleproc_stage_duration_seconds"));
}

}  // namespace sampleproc::loadtest
