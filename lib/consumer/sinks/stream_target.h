// Results and events as entries of two streams of Redis.
#pragma once

#include <string>

#include "base/clock.h"
#include "consumer/sinks/sink_queue.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// For frames that come from elsewhere: where they come from Redis, their source publishes results
// together with the acknowledgement. An entry whose answer was lost is sent again, so a reader may
// see it twice.
class StreamTarget final : public SinkTarget {
 public:
  // `place` is where `connect` leads. `clock` must outlive it.
  StreamTarget(net::ConnectStream connect, std::string place, net::RedisLogin login,
               const net::RedisLimits& limits, std::string results_stream,
               std::string events_stream, std::string processor_id, const base::Clock& clock)
      : client_(std::move(connect), std::move(login), limits),
        place_(std::move(place)),
        results_stream_(std::move(results_stream)),
        events_stream_(std::move(events_stream)),
        processor_id_(std::move(processor_id)),
        clock_(clock) {}

  std::string_view name() const override { return "redis"; }
  std::string place() const override { return place_; }
  // Fails as net::RedisClient::Ask does, with kUnavailable when Redis refuses the entry.
  base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                const base::Allowance& allowance) override;

 private:
  net::RedisClient client_;
  const std::string place_;
  const std::string results_stream_;
  const std::string events_stream_;
  const std::string processor_id_;
  const base::Clock& clock_;
};

}  // namespace sampleproc::consumer
