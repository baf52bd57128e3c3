#include "consumer/activation.h"

namespace sampleproc::consumer {

Activation Decide(const Wishes& wishes) {
  Activation activation;
  if (wishes.orchestrator_url) {
    activation = {true, Source::kRedis, Reason::kOrchestratorUrl};
  } else if (wishes.redis_host) {
    activation = {true, Source::kRedis, Reason::kRedisHost};
  } else if (wishes.frame_buffer_url) {
    activation = {true, Source::kHttp, Reason::kFrameBufferUrl};
  }
  activation.enabled = wishes.enabled.value_or(activation.enabled);
  activation.source = wishes.source.value_or(activation.source);
  return activation;
}

}  // namespace sampleproc::consumer
