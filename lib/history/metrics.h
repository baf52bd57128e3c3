// What is counted of events, and of the history, pictures and clips that are kept of them.
#pragma once

#include <functional>

#include "history/clips.h"
#include "history/journal.h"
#include "history/snapshots.h"
#include "telemetry/registry.h"

namespace sampleproc::history {

// Asked at each look; each may return nullptr.
struct MetricSources {
  std::function<const Journal*()> journal = {};
  std::function<const Snapshots*()> snapshots = {};
  std::function<const Clips*()> clips = {};
};

// Thread-safe.
class Metrics {
  telemetry::Section section_;  // first: the rows below are added to it

 public:
  explicit Metrics(telemetry::Registry& registry, MetricSources sources = {});

  // By frame::EventTypeName.
  const telemetry::Counters<1> events = section_.AddCounters(
      "sampleproc_events_total",
      "Messages of events that the step \"track\" made: new, update, end.", {"type"});
};

}  // namespace sampleproc::history
