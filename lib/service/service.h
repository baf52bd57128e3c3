// One running service: everything that `sampleproc serve` is, built from a configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"

namespace sampleproc::service {

// What the process was handed by whoever started it.
struct Surroundings {
  std::vector<int> sockets = {};   // that listen already, instead of http.host and http.port
  std::string notify_socket = {};  // where systemd listens; see notifier.h
  // How often systemd wants to hear that the workers progress; 0 = never.
  std::chrono::microseconds watchdog{0};
};

enum class ShutdownResult {
  kClean,   // every request was answered, every pulled frame settled, every result delivered,
            // every message of an event in the history
  kCutOff,  // time was up: some were not
  kStuck,   // a worker or a disk does not come back: only the end of the process ends that, so the
            // service must not be destroyed
};

// Any number may live in one process; they share nothing but the clock that is handed in.
class Service {
 public:
  // Builds all parts, listens, and answers from the moment it returns. Fails with kUnavailable (the
  // address), kConfig (the pipeline, the certificate). `clock` must outlive the service.
  static base::Result<std::unique_ptr<Service>> Start(const config::Config& config,
                                                      const base::Clock& clock,
                                                      std::shared_ptr<base::Logger> log,
                                                      const Surroundings& surroundings = {});
  // Shuts down if that has not been done.
  ~Service();

  std::uint16_t port() const;
  // service.shutdown_timeout, as the last reload has left it. For the thread of Reload.
  std::chrono::milliseconds shutdown_timeout() const;

  // Applies what a reload may apply of a validated configuration, as one piece: a request sees
  // either all of it or nothing. What differs otherwise is logged and waits for a restart. Fails
  // when a part cannot be made of it; then all stays as it was. Not during Shutdown.
  base::Result<void> Reload(const config::Config& config);

  // Counts a reload whose configuration could not even be read, and tells systemd, as Reload does
  // with one that it cannot apply.
  void ReloadRefused();

  // Writes debug lines to the log, or again only what telemetry.log_level asks for; a reload does
  // the latter, too. One thread, that of Reload.
  void ToggleDebug();

  // Looks whether a worker has been at one frame for service.stuck_after, and for longer than
  // process.deadline allows. Found by two looks in a row (a process that was stopped for a while
  // needs a moment to come back), its camera's other frames go on without it, and a pulled one
  // becomes a dead letter. True when the service should end then (service.exit_when_stuck): only
  // the end of the process ends such a worker. Every second or so, not during Shutdown.
  bool LookAfterWorkers();

  // Stops in five phases, each logged with its time:
  //
  //   1  not ready: after service.drain_delay, in which requests are still served, new ones are
  //      refused with 503
  //   2  stop the consumer: finish or return what was pulled
  //   3  wait for requests in work
  //   4  release the processors
  //   5  deliver results, close sessions
  //
  // All within service.shutdown_timeout, what the destructor does then included. What is in work
  // is cut off half a second before its end, or after four fifths of a short one; 1.5 s before it,
  // or after two thirds, where pulled frames, results, events or spans have yet to be delivered.
  // Stuck workers are not waited for. Once; from any one thread.
  ShutdownResult Shutdown();

 private:
  class Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::service
