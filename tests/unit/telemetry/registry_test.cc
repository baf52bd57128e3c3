#include "telemetry/registry.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/fake_clock.h"

namespace sampleproc::telemetry {
namespace {

// What a folder keeps for itself.
struct Pump {
  std::string name;
  bool on = false;
  std::uint64_t litres = 0;
  std::uint64_t spilt = 0;
};

constexpr Reading<Pump> kPump[] = {
    {kGauge, "pump_on", "Whether it pumps.", {}, &Tell<&Pump::on>},
    {kCounter,
     "pump_litres_total",
     "Water by where it went.",
     {"pump", "where"},
     [](const Pump& pump, Samples& samples) {
       samples.Add(pump.litres, {pump.name, "pool"});
       samples.Add(pump.spilt, {pump.name, "floor"});
     }},
};

struct RegistryBench {
  testing::FakeClock clock;
  Registry registry{clock};
  Section section{registry, Chapter::kFrames};
};

TEST_CASE("a counter without labels is told from its first event on") {
  RegistryBench bench;
  const auto frames = bench.section.AddCounters("frames_total", "Frames.");
  CHECK(bench.registry.Text().empty());
  frames.Of().Add(3);
  frames.Of().Add();
  CHECK(bench.registry.Text() ==
        "# HELP frames_total Frames.\n# TYPE frames_total counter\nframes_total 4\n");
}

TEST_CASE("a family has a series for each set of values, in the order of its labels") {
  RegistryBench bench;
  const auto frames = bench.section.AddCounters("frames_total", "Frames.", {"what", "why"});
  const Counter lost = frames.Of("lost", "late");
  frames.Of("done", std::string());
  lost.Add();
  frames.Of("lost", "late").Add();
  CHECK(
      bench.registry.Text().ends_with("frames_total{what=\"done\",why=\"\"} 0\n"
                                      "frames_total{what=\"lost\",why=\"late\"} 2\n"));
}

TEST_CASE("a gauge is told as it was set last") {
  RegistryBench bench;
  const Gauge level = bench.section.AddGauge("level", "Of the water.");
  CHECK(bench.registry.Text().ends_with("level 0\n"));
  level.Set(2.5);
  CHECK(bench.registry.Text().ends_with("# TYPE level gauge\nlevel 2.5\n"));
}

TEST_CASE("a histogram tells the last sampled trace of each bucket, in OpenMetrics only") {
  using std::chrono::milliseconds;
  RegistryBench bench;
  const auto times = bench.section.AddHistograms("took_seconds", "Time.", {"stage"}, {0.1, 1});
  base::TraceContext trace;
  trace.trace_id = std::string(32, 'a');
  trace.flags = base::TraceContext::kSampled;
  times.Of("fetch").Observe(milliseconds(50));
  times.Of("fetch").Observe(milliseconds(500), trace);
  trace.flags = 0;
  trace.trace_id = std::string(32, 'b');
  times.Of("fetch").Observe(milliseconds(600), trace);
  const std::string text = bench.registry.Text();
  CHECK(text.find("took_seconds_bucket{stage=\"fetch\",le=\"0.1\"} 1\n") != std::string::npos);
  CHECK(text.find("took_seconds_bucket{stage=\"fetch\",le=\"+Inf\"} 3\n") != std::string::npos);
  CHECK(text.find("trace_id") == std::string::npos);
  const std::string open = bench.registry.OpenMetrics();
  CHECK(open.find("took_seconds_bucket{stage=\"fetch\",le=\"0.1\"} 1\n") != std::string::npos);
  CHECK(open.find("le=\"1.0\"} 3 # {trace_id=\"" + std::string(32, 'a') + "\"} 0.5 ") !=
        std::string::npos);
  CHECK(open.find("bbb") == std::string::npos);
  CHECK(open.ends_with("# EOF\n"));
}

TEST_CASE("what is kept elsewhere is read at each look") {
  RegistryBench bench;
  std::optional<Pump> pump;
  bench.section.AddReadings(kPump, std::function([&] { return pump; }));
  CHECK(bench.registry.Text().empty());
  pump = Pump{"east", true, 7, 1};
  const std::string text = bench.registry.Text();
  CHECK(text.find("# TYPE pump_on gauge\npump_on 1\n") != std::string::npos);
  CHECK(text.find("pump_litres_total{pump=\"east\",where=\"pool\"} 7\n"
                  "pump_litres_total{pump=\"east\",where=\"floor\"} 1\n") != std::string::npos);
  pump->litres = 8;
  CHECK(bench.registry.Text().find("where=\"pool\"} 8\n") != std::string::npos);
}

TEST_CASE("of several each is told in the same rows") {
  RegistryBench bench;
  bench.section.AddReadings(kPump, std::function([] {
                              return std::vector<Pump>{{"east", true, 7, 1}, {"west", false, 2, 0}};
                            }));
  const std::string text = bench.registry.Text();
  CHECK(text.find("pump=\"east\",where=\"floor\"} 1\n") != std::string::npos);
  CHECK(text.find("pump=\"west\",where=\"pool\"} 2\n") != std::string::npos);
  CHECK(text.find("# TYPE pump_litres_total", text.find("# TYPE pump_litres_total") + 1) ==
        std::string::npos);
}

TEST_CASE("rows are known of what is not there") {
  RegistryBench bench;
  bench.section.AddReadings(kPump, std::function<const Pump*()>());
  CHECK(bench.registry.Text().empty());
  const auto rows = bench.registry.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].name == "pump_litres_total");
  CHECK(rows[1].labels == LabelNames{"pump", "where"});
}

}  // namespace
}  // namespace sampleproc::telemetry
