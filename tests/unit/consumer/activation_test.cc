#include "consumer/activation.h"

#include <catch2/catch.hpp>

namespace sampleproc::consumer {
namespace {

TEST_CASE("which upstream is named decides whether frames are pulled, and from where") {
  struct Case {
    Wishes wishes;
    bool enabled;
    Source source;
    Reason named;
  };
  const std::vector<Case> cases = {
      // Nothing named: the service runs alone.
      {{}, false, Source::kHttp, Reason::kNone},
      {{.enabled = true}, true, Source::kHttp, Reason::kNone},
      {{.enabled = true, .source = Source::kRedis}, true, Source::kRedis, Reason::kNone},
      {{.source = Source::kRedis}, false, Source::kRedis, Reason::kNone},
      // One named.
      {{.orchestrator_url = true}, true, Source::kRedis, Reason::kOrchestratorUrl},
      {{.redis_host = true}, true, Source::kRedis, Reason::kRedisHost},
      {{.frame_buffer_url = true}, true, Source::kHttp, Reason::kFrameBufferUrl},
      // Both kinds: the orchestrator's stream.
      {{.redis_host = true, .frame_buffer_url = true}, true, Source::kRedis, Reason::kRedisHost},
      {{.orchestrator_url = true, .redis_host = true, .frame_buffer_url = true},
       true,
       Source::kRedis,
       Reason::kOrchestratorUrl},
      // What is spelled out wins.
      {{.orchestrator_url = true, .source = Source::kHttp},
       true,
       Source::kHttp,
       Reason::kOrchestratorUrl},
      {{.redis_host = true, .enabled = false}, false, Source::kRedis, Reason::kRedisHost},
      {{.frame_buffer_url = true, .enabled = false}, false, Source::kHttp, Reason::kFrameBufferUrl},
  };
  for (const Case& c : cases) {
    const Activation activation = Decide(c.wishes);
    INFO(&c - cases.data());
    CHECK(activation.enabled == c.enabled);
    CHECK(activation.source == c.source);
    CHECK(activation.named == c.named);
  }
}

}  // namespace
}  // namespace sampleproc::consumer
