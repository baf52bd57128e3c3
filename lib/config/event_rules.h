// The rules about events and their history.
#pragma once

#include <optional>

#include "config/validate.h"

namespace sampleproc::config {

// Whether something makes events: a pipeline, the service's own or a camera's, has the step
// "track".
bool AnyTracks(const Config& config);

// What to do where events are wanted and nothing makes them.
inline constexpr char kAddTrack[] = "add it behind a detector, to process.pipeline or a camera's";

// Whether what is found goes somewhere although no sink gets it: some pipeline makes events, and
// there is a history or an MQTT broker.
bool EventsGoBesideSinks(const Config& config);

// What is told of events is made, and goes somewhere.
std::optional<Finding> EventsAreMadeAndGoSomewhere(const Config& config);

// Pictures of events have events.
std::optional<Finding> SnapshotsHaveEvents(const Config& config);

// A history has events.
std::optional<Finding> ClipsHaveEvents(const Config& config);

// What a clip shows fits into it, and a camera's share into the whole.
std::optional<Finding> ClipsHaveRoom(const Config& config);

std::optional<Finding> HistoryHasEvents(const Config& config);

}  // namespace sampleproc::config
