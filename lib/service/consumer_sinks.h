// The sinks of a consumer, built from a configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/id_source.h"
#include "base/log.h"
#include "config/config.h"
#include "consumer/options.h"
#include "consumer/sink_set.h"
#include "consumer/sinks/sink_queue.h"
#include "net/http_client.h"
#include "net/redis_client.h"
#include "resources/memory_budget.h"
#include "telemetry/conditions.h"
#include "telemetry/metrics.h"
#include "telemetry/tracer.h"

namespace sampleproc::service {

// What the sinks use; all of it must outlive them.
struct SinkContext {
  const config::Config& config;
  net::ConnectStream connect_redis;
  net::RedisLogin redis_login;
  std::string results_stream;  // its final name
  bool spooled;                // frames stay in a spool until their results are delivered
  const base::Clock& clock;
  base::IdSource& ids;
  telemetry::Conditions& conditions;
  base::Logger& log;
  const telemetry::Tracer* tracer = nullptr;  // null: nothing is traced
};

// Those that consumer.sinks lists, whose other sides may be away.
class ConsumerSinks {
 public:
  // Memory for what each keeps that keeps something. kConfig when the budget has not so much.
  static base::Result<std::vector<resources::Reservation>> Reserve(const consumer::Options& options,
                                                                   resources::MemoryBudget& budget);

  // `rooms` are of Reserve.
  ConsumerSinks(const SinkContext& context, std::vector<resources::Reservation> rooms);

  const consumer::SinkSet& set() const { return set_; }
  std::vector<telemetry::SinkGauges> gauges() const;
  const net::HttpClient* webhook() const { return webhook_.get(); }  // nullptr: there is none

 private:
  std::unique_ptr<consumer::SinkTarget> MakeTarget(const std::string& name,
                                                   const SinkContext& context);

  const bool spooled_;
  std::unique_ptr<net::HttpClient> webhook_;
  consumer::SinkSet set_;
};

}  // namespace sampleproc::service
