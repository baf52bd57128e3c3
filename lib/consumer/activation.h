// Whether frames are pulled, and from where, when not everything is spelled out: the deployments of
// the service that this one replaces say it by naming an upstream.
#pragma once

#include <optional>

#include "consumer/options.h"

namespace sampleproc::consumer {

// What a configuration says of its own accord; defaults do not count.
struct Wishes {
  bool orchestrator_url = false;  // an orchestrator is named
  bool redis_host = false;        // a Redis server is named
  bool frame_buffer_url = false;  // a frame buffer is named
  std::optional<bool> enabled = std::nullopt;
  std::optional<Source> source = std::nullopt;
};

// The wish that decided something.
enum class Reason { kNone, kOrchestratorUrl, kRedisHost, kFrameBufferUrl };

struct Activation {
  bool enabled = false;
  Source source = Source::kHttp;
  // The upstream that was named. With `enabled` it is why; without, somebody named an upstream and
  // turned the consumer off, which may be a mistake and is worth a warning.
  Reason named = Reason::kNone;
};

// An orchestrator or a Redis server means redis and on; a frame buffer means http and on; `enabled`
// and `source` beat that; with nothing named the service runs alone. Pure.
Activation Decide(const Wishes& wishes);

}  // namespace sampleproc::consumer
