// What is counted of the MQTT broker.
#pragma once

#include <functional>

#include "mqtt/publisher.h"
#include "telemetry/registry.h"

namespace sampleproc::mqtt {

// `publisher` is asked at each look; it returns nullptr where there is no broker.
void AddMetrics(telemetry::Registry& registry, std::function<const Publisher*()> publisher);

}  // namespace sampleproc::mqtt
