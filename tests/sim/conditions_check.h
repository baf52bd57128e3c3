// Holds a service to its word about what is wrong: told while it lasts, and only then.
#pragma once

#include <optional>
#include <vector>

#include "sim/world.h"
#include "telemetry/conditions.h"

namespace sampleproc::sim {

class ConditionsCheck {
 public:
  explicit ConditionsCheck(World& world) : world_(world) {}

  // What is told now. Each of it must have its fault in the plan, now or shortly before. `failing`:
  // since when pulls have been failing.
  void Look(const std::vector<telemetry::Condition>& told, std::optional<Time> failing);

 private:
  void CheckReason(const telemetry::Condition& told);

  World& world_;
};

}  // namespace sampleproc::sim
