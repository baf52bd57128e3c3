// One running service: everything that `sampleproc serve` is, built from a configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"

namespace sampleproc::service {

// Any number may live in one process; they share nothing but the clock that is handed in.
class Service {
 public:
  // Builds all parts, listens, and answers from the moment it returns. Fails with kUnavailable (the
  // address), kConfig (the pipeline). `clock` must outlive the service.
  static base::Result<std::unique_ptr<Service>> Start(const config::Config& config,
                                                      const base::Clock& clock,
                                                      std::shared_ptr<base::Logger> log);
  // Shuts down if that has not been done.
  ~Service();

  std::uint16_t port() const;

  // Stops listening, lets what has been accepted end, releases everything. Returns true when all
  // requests ended within service.shutdown_timeout, false when some had to be cut off. Logged phase
  // by phase. Once; from any one thread.
  bool Shutdown();

 private:
  class Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::service
