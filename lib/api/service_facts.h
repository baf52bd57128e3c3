// What the service knows of itself at this moment: the facts behind health, probes and metrics.
#pragma once

#include <functional>

#include "telemetry/metrics.h"

namespace sampleproc::api {

struct ServiceFacts {
  bool starting = false;
  bool draining = false;
  telemetry::Gauges gauges;

  // Overload is no reason to be unready: it is answered with 503 and passes.
  bool Ready() const { return !starting && !draining && gauges.stuck_workers == 0; }
  // False only when nothing but a restart helps.
  bool Alive() const { return gauges.workers == 0 || gauges.stuck_workers < gauges.workers; }
};

// Any thread; cheap.
using AskFacts = std::function<ServiceFacts()>;

}  // namespace sampleproc::api
