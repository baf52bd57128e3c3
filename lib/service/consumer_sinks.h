// The sinks that a configuration lists.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/id_source.h"
#include "base/log.h"
#include "base/trace_context.h"
#include "config/config.h"
#include "consumer/metrics.h"
#include "consumer/sink_set.h"
#include "consumer/sinks/sink_queue.h"
#include "frame/frame_result.h"
#include "net/http_client.h"
#include "net/redis_client.h"
#include "resources/memory_budget.h"
#include "service/ticker.h"
#include "telemetry/conditions.h"
#include "telemetry/tracer.h"

namespace sampleproc::service {

// What the sinks use; all of it must outlive them.
struct SinkContext {
  const config::Config& config;
  const base::Clock& clock;
  resources::MemoryBudget& budget;
  base::IdSource& ids;
  telemetry::Conditions& conditions;
  base::Logger& log;
  const telemetry::Tracer* tracer = nullptr;  // null: nothing is traced
};

// Those that consumer.sinks lists, whose other sides may be away: for results of frames, whichever
// way they come, and events of all cameras.
class ConsumerSinks {
 public:
  // kConfig when the budget has no memory for what each sink keeps, or the file with Redis'
  // password cannot be used.
  static base::Result<std::unique_ptr<ConsumerSinks>> Open(const SinkContext& context);

  const consumer::SinkSet& set() const { return set_; }

  // Where a frame comes from that no consumer pulls.
  enum class Door { kHttp, kCamera };
  // Hands its result to the sinks that it is for, at once. `timestamp` is the frame's, as its
  // sender wrote it; `trace` the one that the frame belongs to. What there is no memory for is lost
  // and logged.
  void Take(Door door, const frame::FrameResult& result,
            const std::optional<std::string>& timestamp,
            const std::optional<base::TraceContext>& trace) const noexcept;

  // With the password, where a sink or the consumer talks to Redis: its file may be one that can be
  // read only once.
  const net::RedisLogin& redis_login() const { return redis_login_; }

  // Delivers what is held until `end`. Returns how many results and events are lost then, because
  // no spool holds their frames at that time; which is logged, as is what is made again.
  std::uint64_t Deliver(const base::Deadline& end);

  std::vector<consumer::SinkReading> readings() const;
  const net::HttpClient* webhook() const { return webhook_.get(); }  // nullptr: there is none

 private:
  ConsumerSinks(const SinkContext& context, net::RedisLogin redis_login,
                std::vector<resources::Reservation> rooms);
  static base::Result<std::vector<resources::Reservation>> Reserve(const consumer::Options& options,
                                                                   resources::MemoryBudget& budget);
  std::unique_ptr<consumer::SinkTarget> MakeTarget(const std::string& name,
                                                   const SinkContext& context);

  base::Logger& log_;
  const std::string processor_id_;
  const bool simulated_gpu_;
  const net::RedisLogin redis_login_;
  std::unique_ptr<net::HttpClient> webhook_;
  consumer::SinkSet set_;
  std::optional<Ticker> watch_;  // until Deliver
};

}  // namespace sampleproc::service
