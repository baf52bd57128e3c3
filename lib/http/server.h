// The HTTP server: listens, reads requests, asks the router's handlers, writes answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "http/chain.h"
#include "http/options.h"
#include "http/router.h"
#include "resources/memory_budget.h"

namespace sampleproc::http {

// What is served and how. A request sees one Site from its head to its answer.
struct Site {
  Options options;
  Router router;
  Chain chain;
};

// What a server is given; the references must outlive it.
struct ServerContext {
  std::shared_ptr<const Site> site;
  resources::MemoryBudget& budget;
  const base::Clock& clock;
  base::Logger& log;
};

// Each I/O thread owns an event loop, a listening socket of its own (SO_REUSEPORT) and the
// connections accepted on it, so requests share nothing on their way. The functions below may be
// called from one thread at a time, not from a handler; what only counts, from any thread.
class Server {
 public:
  // Binds and listens but accepts nothing yet. `inherited` are listening sockets to use instead of
  // host and port; they are owned from now on. Fails with kUnavailable when an address is in use
  // or is not this machine's, kConfig when `host` is not an address or a resolvable name, or the
  // certificate or its key cannot be used.
  static base::Result<std::unique_ptr<Server>> Listen(const ServerContext& context,
                                                      const std::vector<int>& inherited = {});

  // Stops, if that has not been done.
  ~Server();

  // The port listened on; differs from the options' when that was 0. 0 when there is no TCP.
  std::uint16_t port() const;

  // Starts the I/O threads.
  void Start();

  // Serves requests that begin from now on by `site`, and connections that come with its
  // certificate, read anew, and ends live answers that began before. What listening needs (host,
  // port, threads, limits of connections) stays as it was. Fails as Listen does for the
  // certificate, and changes nothing then.
  base::Result<void> Reload(const std::shared_ptr<const Site>& site);

  // Before BeginDrain, returns at once: takes no more connections from the sockets that were passed
  // in. They stay open elsewhere, and whoever connects waits there for the next process. What has
  // been taken is served to its end. Does nothing where no socket was passed in.
  void LeaveInherited();

  // Ends idle connections and each other one with its next answer. New connections are still
  // accepted, so that what comes is answered, by whatever the chain says, rather than reset.
  void BeginDrain();

  // After BeginDrain, returns at once: lets nobody new connect, takes who is connected or about to
  // be, then listens no more.
  void StopAccepting();

  // Sockets listened on and connections open now: 0 after StopAccepting when all who came have had
  // their answer. Requests that were let in and are not answered yet.
  int sockets() const;
  int connections() const;
  int requests() const;

  // After BeginDrain: their caller waits, until `end`, for there to be none; they return what is
  // left. After LeaveInherited connections that were taken have their time to ask first. After Stop
  // no socket is left.
  int AwaitRequests(const base::Deadline& end);
  int AwaitSockets(const base::Deadline& end);

  // So far: connections over a limit, times that none could be taken, for want of descriptors or of
  // memory in the kernel, and TLS handshakes that failed or took longer than they may.
  std::uint64_t refused_connections() const;
  std::uint64_t accept_failures() const;
  std::uint64_t failed_handshakes() const;

  // Until when the certificate of connections that come is valid; nothing without TLS.
  std::optional<base::WallTime> certificate_end() const;

  // Closes what is left and joins the threads. Responders may still be used afterwards, to no
  // effect, until the server is destroyed.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::http
