#include "api/health_handler.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::api {
namespace {

struct Golden {
  const char *what, *status, *service, *state, *workers, *queue, *memory;
  int code;
  ServiceFacts facts;
};

ServiceFacts Well() {
  ServiceFacts facts;
  facts.load = {
      .queued_frames = 1, .queue_depth = 10, .active_frames = 2, .workers = 2, .stuck_workers = 0};
  facts.budget_used_bytes = 100;
  facts.budget_bytes = 1000;
  return facts;
}

template <typename Change>
ServiceFacts With(Change change) {
  ServiceFacts facts = Well();
  change(facts);
  return facts;
}

TEST_CASE("health in each of its states, word for word") {
  testing::FakeClock clock;
  telemetry::Registry registry(clock);
  process::Metrics metrics(registry, clock);
  const HealthContext context{{}, metrics, clock, "cam", "1.2.3"};
  process::FrameTotals totals;
  totals.processed = 7;
  totals.failed = 3;
  totals.failed_last_minute = 2;
  totals.average_seconds = 0.0123456;
  const Golden cases[] = {
      {"well", "healthy", "healthy", "running", "healthy", "healthy", "healthy", 200, Well()},
      {"starting", "unhealthy", "unhealthy", "starting", "healthy", "healthy", "healthy", 503,
       With([](ServiceFacts& f) { f.starting = true; })},
      {"draining", "unhealthy", "unhealthy", "draining", "healthy", "healthy", "healthy", 503,
       With([](ServiceFacts& f) { f.draining = true; })},
      {"a worker is stuck", "unhealthy", "healthy", "running", "unhealthy", "healthy", "healthy",
       503, With([](ServiceFacts& f) { f.load.stuck_workers = 1; })},
      {"the queue is nearly full", "degraded", "healthy", "running", "healthy", "degraded",
       "healthy", 200, With([](ServiceFacts& f) { f.load.queued_frames = 8; })},
      {"memory is nearly used up", "degraded", "healthy", "running", "healthy", "healthy",
       "degraded", 200, With([](ServiceFacts& f) { f.budget_used_bytes = 900; })},
  };
  for (const Golden& c : cases) {
    INFO(c.what);
    const HealthAnswer answer = MakeHealthAnswer(c.facts, totals, context);
    const auto number = [](auto n) { return std::to_string(n); };
    const process::Load& g = c.facts.load;
    const char* capacity = g.queued_frames == 8 ? "0.833" : "0.25";
    const std::string expected =
        std::string("{\"status\":\"") + c.status +
        "\",\"timestamp\":\"1970-01-01T01:00:00.000000Z\",\"service\":\"cam\",\"version\":"
        "\"1.2.3\",\"capacity_used\":" +
        capacity +
        ",\"frames_processed\":7,\"avg_processing_time_ms\":12.346,\"errors_last_minute\":2,"
        "\"components\":{\"service\":{\"status\":\"" +
        c.service + "\",\"state\":\"" + c.state + "\"},\"workers\":{\"status\":\"" + c.workers +
        "\",\"workers\":2,\"active\":2,\"stuck\":" + number(g.stuck_workers) +
        "},\"queue\":{\"status\":\"" + c.queue + "\",\"queued\":" + number(g.queued_frames) +
        ",\"limit\":10},\"memory\":{\"status\":\"" + c.memory +
        "\",\"used_bytes\":" + number(c.facts.budget_used_bytes) +
        ",\"limit_bytes\":1000},\"consumer\":{\"status\":\"healthy\",\"enabled\":false,"
        "\"connected\":false,\"held_frames\":0,\"oldest_frame_age_seconds\":0,"
        "\"last_frame_age_seconds\":null,\"failing_sinks\":[]},\"gpu\":{\"status\":\"healthy\","
        "\"preferred\":false,"
        "\"available\":false}},\"cameras\":{},\"detectors\":{},\"conditions\":[],\"details\":{"
        "\"processor_"
        "initialized\":" +
        (c.facts.starting ? "false" : "true") +
        ",\"consumer_enabled\":false,\"consumer_running\":false,\"frame_buffer_url\":\"\","
        "\"shutting_down\":" +
        (c.facts.draining ? "true" : "false") +
        ",\"metrics\":{\"frames_processed\":7,\"frames_failed\":3,\"active_frames\":2,"
        "\"queued_frames\":" +
        number(g.queued_frames) + "}}}";
    CHECK(answer.json == expected);
    CHECK(answer.status == c.code);
  }
}

TEST_CASE("a consumer is degraded while a condition of it lasts, a wish for a GPU is not") {
  testing::FakeClock clock;
  telemetry::Registry registry(clock);
  process::Metrics metrics(registry, clock);
  using Consumer = ConsumerFacts;
  struct Case {
    Wishes wishes;
    std::optional<Consumer> consumer;
    const char* status;
    const char* part;
    std::string_view condition = {};
  };
  const Case cases[] = {
      {{true, false, false},
       {},
       "degraded",
       R"("consumer":{"status":"degraded","enabled":true,"connected":false,"held_frames":0,)"
       R"("oldest_frame_age_seconds":0,"last_frame_age_seconds":null,"failing_sinks":[]})"},
      {{true, false, false},
       Consumer{true, false, 0, 0, 61.2345},
       "degraded",
       R"("consumer":{"status":"degraded","enabled":true,"connected":false,"held_frames":0,)"
       R"("oldest_frame_age_seconds":0,"last_frame_age_seconds":61.235,"failing_sinks":[]})",
       telemetry::condition::kSourceUnreachable},
      // No pull has been answered yet.
      {{true, false, false},
       Consumer{true, false, 0, 0, {}},
       "healthy",
       R"("consumer":{"status":"healthy","enabled":true,"connected":false,"held_frames":0,)"},
      {{true, false, false},
       Consumer{true, true, 3, 0.5, 0},
       "healthy",
       R"("consumer":{"status":"healthy","enabled":true,"connected":true,"held_frames":3,)"
       R"("oldest_frame_age_seconds":0.5,"last_frame_age_seconds":0,"failing_sinks":[]})"},
      {{true, false, false},
       Consumer{true, true, 3, 10.5, 0},
       "degraded",
       R"("consumer":{"status":"degraded",)",
       telemetry::condition::kOldFrames},
      {{true, false, false},
       Consumer{true, true, 3, 0.5, 0},
       "degraded",
       R"("consumer":{"status":"degraded",)",
       telemetry::condition::kSettlementRefused},
      {{true, false, false},
       Consumer{true, true, 3, 0.5, 0},
       "degraded",
       R"("consumer":{"status":"healthy",)",
       telemetry::condition::kHistory},
      {{false, true, false}, {}, "degraded", R"("consumer":{"status":"degraded","enabled":false,)"},
      {{false, false, true},
       {},
       "healthy",
       R"("gpu":{"status":"healthy","preferred":true,"available":false})"},
  };
  for (const Case& c : cases) {
    const HealthContext context{{}, metrics, clock, "cam", "1.2.3", c.wishes};
    ServiceFacts facts = Well();
    facts.consumer = c.consumer;
    if (!c.condition.empty()) facts.conditions = {{c.condition, "x", "y"}};
    const HealthAnswer answer = MakeHealthAnswer(facts, {}, context);
    INFO(answer.json);
    CHECK(answer.status == 200);
    CHECK(answer.json.starts_with(R"({"status":")" + std::string(c.status)));
    CHECK(answer.json.find(c.part) != std::string::npos);
    const bool running = c.consumer && c.consumer->running;
    CHECK((answer.json.find(R"("consumer_running":true)") != std::string::npos) == running);
  }
}

TEST_CASE("errors are counted for a minute and times over a hundred frames") {
  testing::FakeClock clock;
  telemetry::Registry registry(clock);
  process::Metrics metrics(registry, clock);
  metrics.FrameFailed("http", "", {base::ErrorCode::kInvalidFrame, "", {}, {}});
  clock.Advance(std::chrono::seconds(30));
  metrics.FrameFailed("http", "", {base::ErrorCode::kDeadline, "", {}, {}});
  CHECK(metrics.totals().failed_last_minute == 2);
  clock.Advance(std::chrono::seconds(31));
  CHECK(metrics.totals().failed_last_minute == 1);
  CHECK(metrics.totals().failed == 2);
  CHECK(metrics.totals().by_error.at("deadline") == 1);
  frame::FrameResult result;
  for (int i = 1; i <= 150; ++i) {
    result.times.total = std::chrono::milliseconds(i);
    result.camera_id = "camera " + std::to_string(i);
    metrics.FrameCompleted("http", result);
  }
  CHECK(metrics.totals().processed == 150);
  CHECK(metrics.totals().least_seconds == Approx(0.051));
  CHECK(metrics.totals().most_seconds == Approx(0.150));
  CHECK(metrics.totals().average_seconds == Approx(0.1005));
  const std::string text = registry.Text();
  CHECK(text.find("camera=\"_other\"} 86\n") != std::string::npos);
  CHECK(text.find("camera 65") == std::string::npos);
}

}  // namespace
}  // namespace sampleproc::api
