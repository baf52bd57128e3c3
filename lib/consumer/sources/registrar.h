// Tells an orchestrator that this processor is there, so that it is sent frames.
#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "net/http_client.h"
#include "resilience/backoff.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

struct Registration {
  std::string id;
  std::vector<std::string> capabilities;
  int capacity = 10;
  std::string queue;  // the stream that it is to be sent frames on
};

// Registers from the moment it exists, again and again until that has worked, and sends a heartbeat
// every `interval`:
//
//   POST   /api/v1/processors/register    201; 409, somebody has registered this id: PUT instead
//   PUT    /api/v1/processors/<id>        200; 404, gone meanwhile: POST again
//   POST   /api/v1/processors/heartbeat   200; 404, forgotten: register again
//   DELETE /api/v1/processors/<id>        204, or 404
//
// What fails is tried again after `backoff`, and is the condition `orchestrator`; what the
// orchestrator refuses for good (4xx) is tried again every `interval`, since only a change of its
// or our configuration helps. Frames may come before it has worked: an earlier registration is as
// good.
class Registrar {
 public:
  // The longest time that one call may take.
  static constexpr std::chrono::seconds kCallTime{5};

  // Everything must outlive it.
  Registrar(net::HttpClient& client, Registration registration, std::chrono::milliseconds interval,
            resilience::Backoff backoff, const base::Clock& clock,
            telemetry::Conditions& conditions, base::Logger& log);
  // Stops without a word to the orchestrator.
  ~Registrar();

  // Ends the heartbeat; `deregister`, since nobody reads the queue any more. Until `end`, of the
  // system's clock, at the longest.
  void Stop(bool deregister, const base::Deadline& end);

 private:
  void Run();
  void End();
  base::Result<void> Register();
  base::Result<void> BeatOnce();
  base::Result<int> Send(const std::string& method, const std::string& path, std::string body,
                         const base::Allowance& allowance);
  std::string RegistrationJson() const;
  std::string HeartbeatJson() const;
  // Each returns how long to wait before the next call.
  std::chrono::milliseconds NextCall();
  std::chrono::milliseconds Note(const base::Result<void>& done);
  base::Result<void> CallOnce();
  base::Allowance OneCall() const;

  net::HttpClient& client_;
  const Registration registration_;
  const std::chrono::milliseconds interval_;
  const resilience::Backoff backoff_;
  const base::Clock& clock_;
  telemetry::Conditions& conditions_;
  base::Logger& log_;

  bool registered_ = false;  // the thread's own, until it has ended
  int failures_ = 0;         // in a row; the thread's own

  const base::CancelFlag cancel_;
  base::Mutex mutex_;
  base::CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace sampleproc::consumer
