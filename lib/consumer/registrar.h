// Tells an orchestrator that this processor is there, so that it is sent frames.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "consumer/backoff.h"
#include "net/http_client.h"

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
// A change between registered and not is logged once. Frames may come before it has worked: an
// earlier registration is as good.
class Registrar {
 public:
  // Everything must outlive it. `interval` is also the longest time that one call may take.
  Registrar(net::HttpClient& client, Registration registration, std::chrono::milliseconds interval,
            Backoff backoff, const base::Clock& clock, base::Logger& log);
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
  void Note(const base::Result<void>& done);

  net::HttpClient& client_;
  const Registration registration_;
  const std::chrono::milliseconds interval_;
  const Backoff backoff_;
  const base::Clock& clock_;
  base::Logger& log_;

  bool registered_ = false;  // the thread's own, as those below
  bool said_ = false;        // that it does not work
  int failures_ = 0;

  const base::CancelFlag cancel_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace sampleproc::consumer
