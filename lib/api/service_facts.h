// What the service knows of itself at this moment: the facts behind health and probes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cameras/camera_gauges.h"
#include "detect/detector.h"
#include "process/metrics.h"
#include "telemetry/conditions.h"

namespace sampleproc::api {

// Of the consumer, where there is one.
struct ConsumerFacts {
  bool running = false;
  bool connected = false;
  std::uint64_t held_frames = 0;
  double oldest_frame_age_seconds = 0;           // of those that wait
  std::optional<double> last_frame_age_seconds;  // since the upstream last had a frame
};

struct ServiceFacts {
  bool starting = false;
  bool draining = false;
  process::Load load = {};
  std::size_t budget_used_bytes = 0;
  std::size_t budget_bytes = 0;
  std::optional<ConsumerFacts> consumer = {};
  std::vector<std::string_view> failing_sinks = {};   // their names
  std::vector<cameras::CameraGauges> cameras = {};    // whose pictures the service takes itself
  std::vector<telemetry::Condition> conditions = {};  // that last
  std::vector<std::shared_ptr<detect::Detector>> detectors = {};  // that are open

  // Overload is no reason to be unready: it is answered with 503 and passes.
  bool Ready() const { return !starting && !draining && load.stuck_workers == 0; }
  // False only when nothing but a restart helps.
  bool Alive() const { return load.workers == 0 || load.stuck_workers < load.workers; }
};

// Any thread; cheap.
using AskFacts = std::function<ServiceFacts()>;

}  // namespace sampleproc::api
