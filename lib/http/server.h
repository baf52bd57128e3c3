// The HTTP server: listens, reads requests, asks the router's handlers, writes answers.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "http/chain.h"
#include "http/options.h"
#include "http/router.h"
#include "resources/memory_budget.h"

namespace sampleproc::http {

// What a server is given; everything must outlive it.
struct ServerContext {
  const Options& options;
  const Router& router;
  const Chain& chain;
  resources::MemoryBudget& budget;
  const base::Clock& clock;
  base::Logger& log;
};

// Each I/O thread owns an event loop, a listening socket of its own (SO_REUSEPORT) and the
// connections accepted on it, so requests share nothing on their way. The functions below may be
// called from one thread at a time, not from a handler.
class Server {
 public:
  // Binds and listens but accepts nothing yet. Fails with kUnavailable when the address is in use
  // or is not this machine's, kConfig when `host` is not an address or a resolvable name.
  static base::Result<std::unique_ptr<Server>> Listen(const ServerContext& context);

  // Stops, if that has not been done.
  ~Server();

  // The port listened on; differs from the options' when that was 0.
  std::uint16_t port() const;

  // Starts the I/O threads.
  void Start();

  // Stops listening, closes idle connections and lets the others end with the answer they are
  // waiting for.
  void BeginDrain();

  // Connections open now.
  int connections() const;

  // Closes what is left and joins the threads. Responders may still be used afterwards, to no
  // effect, until the server is destroyed.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sampleproc::http
