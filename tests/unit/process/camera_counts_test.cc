#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "process/metrics.h"
#include "support/fake_clock.h"

namespace sampleproc::process {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct CountsBench {
  void Done(const std::string& camera, int count = 1) {
    frame::FrameResult result;
    result.camera_id = camera;
    for (int i = 0; i < count; ++i) metrics.FrameCompleted("http", result);
  }
  void Failed(const std::string& camera) {
    metrics.FrameFailed("http", camera, {base::ErrorCode::kInvalidFrame, "", {}, {}});
  }
  // As many invented names as there are places, and more.
  void Flood(const std::string& prefix, int frames = 1) {
    for (int i = 0; i < 100; ++i) Done(prefix + std::to_string(i), frames);
  }
  bool Has(const std::string& line) const {
    return registry.Text().find(line + "\n") != std::string::npos;
  }
  bool HasCamera(const std::string& camera) const {
    return registry.Text().find("{camera=\"" + camera + "\"") != std::string::npos;
  }
  std::size_t Series() const {
    const std::string text = registry.Text();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\nsampleproc_camera_frames_total{", at)) != text.npos;
         ++at) {
      ++count;
    }
    return count;
  }

  testing::FakeClock clock;
  std::set<std::string> configured = {"gate"};
  telemetry::Registry registry{clock};
  Metrics metrics{registry, clock,
                  [this](const std::string& camera) { return configured.contains(camera); }};
};

TEST_CASE("invented cameras give their series to who comes once they are idle") {
  CountsBench bench;
  bench.Flood("x");
  CHECK(bench.Series() == 65);
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"_other\"} 36"));
  bench.Done("front-door");
  CHECK_FALSE(bench.HasCamera("front-door"));
  bench.clock.Advance(seconds(30));
  bench.Done("front-door", 3);
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"front-door\"} 3"));
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"_other\"} 37"));
  CHECK(bench.Series() == 65);
}

TEST_CASE("a camera that comes back has a series of its own during a flood") {
  CountsBench bench;
  bench.Flood("x");
  bench.Done("front-door");
  bench.Flood("y");
  bench.Done("front-door");
  bench.Flood("z");
  bench.Done("front-door");
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"front-door\"} 2"));
  CHECK(bench.Series() == 65);
}

TEST_CASE("a camera that sends frames keeps its series; one that is idle begins anew") {
  CountsBench bench;
  bench.Done("front-door", 20);
  bench.Failed("front-door");
  bench.Flood("x");
  for (int i = 0; i < 20; ++i) {
    bench.clock.Advance(seconds(30));
    bench.Done("front-door");
    bench.Flood("y" + std::to_string(i));
  }
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"front-door\"} 40"));
  CHECK(bench.Series() == 65);
  bench.clock.Advance(minutes(10));
  bench.Flood("z", 2);
  CHECK_FALSE(bench.HasCamera("front-door"));  // nor what it failed for
  bench.clock.Advance(minutes(10));
  bench.Done("front-door");
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"front-door\"} 1"));
}

TEST_CASE("a camera without frames is forgotten after a day") {
  CountsBench bench;
  bench.Done("front-door", 20);
  bench.Done("gate");
  bench.clock.Advance(hours(24));
  CHECK(bench.HasCamera("front-door"));
  bench.clock.Advance(seconds(1));
  CHECK_FALSE(bench.HasCamera("front-door"));
  CHECK(bench.HasCamera("gate"));
}

TEST_CASE("a configured camera always has a series") {
  CountsBench bench;
  bench.Flood("x", 20);
  bench.Done("gate");
  bench.Done("yard");
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"gate\"} 1"));
  CHECK_FALSE(bench.HasCamera("yard"));
  bench.configured = {"yard"};
  bench.metrics.CamerasReconfigured();
  CHECK_FALSE(bench.HasCamera("gate"));
  bench.Done("gate");
  bench.Done("yard");
  CHECK_FALSE(bench.HasCamera("gate"));
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"yard\"} 1"));
}

TEST_CASE("a camera with the name of the rest shares its series") {
  CountsBench bench;
  bench.Done("_other");
  bench.Flood("x");
  bench.clock.Advance(hours(25));
  bench.Flood("y");  // of first frames one at a time has an idle place
  CHECK(bench.Has("sampleproc_camera_frames_total{camera=\"_other\"} 136"));
}

TEST_CASE("failed frames are told by camera, type and source") {
  CountsBench bench;
  bench.Failed("front-door");
  bench.Failed("front-door");
  bench.metrics.FrameFailed("consumer", "", {base::ErrorCode::kDeadline, "", {}, {}});
  bench.Done("front-door");
  for (const std::string line : {
           "sampleproc_camera_frame_failures_total{camera=\"front-door\",type=\"invalid-frame\"} 2",
           "sampleproc_camera_frames_total{camera=\"front-door\"} 1",
           "sampleproc_frames_total{outcome=\"completed\",source=\"http\"} 1",
           "sampleproc_frames_total{outcome=\"invalid-frame\",source=\"http\"} 2",
           "sampleproc_frames_total{outcome=\"completed\",source=\"consumer\"} 0",
           "sampleproc_frames_total{outcome=\"deadline\",source=\"consumer\"} 1",
       }) {
    CAPTURE(line);
    CHECK(bench.Has(line));
  }
}

}  // namespace
}  // namespace sampleproc::process
