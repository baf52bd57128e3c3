// One event loop: an I/O thread's context and what its connections share. Internal to http/.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "http/server.h"

namespace sampleproc::http {

class Session;

// All functions but the constructor, Post-ed ones and Join run on the loop's own thread. Time
// limits of connections are looked at by one coarse tick rather than by a timer each: arming one
// costs a store, and a limit of seconds may be late by a tick.
class Loop {
 public:
  using SessionList = std::list<Session*>;

  Loop(const ServerContext& context, boost::asio::ip::tcp::acceptor::native_handle_type listener,
       bool ipv6);

  void Start();       // spawns the thread
  void BeginDrain();  // from any thread
  void Stop();        // from any thread; ends the thread's run and joins it

  int connections() const { return connections_.load(std::memory_order_relaxed); }

  // For sessions.
  const ServerContext& context() const { return context_; }
  boost::asio::io_context& io() { return io_; }
  bool draining() const { return draining_; }
  std::string_view date();  // of this second
  base::MonoTime now() const { return context_.clock.Now(); }

  SessionList::iterator Add(Session* session);
  void Remove(SessionList::iterator place);

 private:
  void Accept();
  void ScheduleTick();
  void Tick();

  ServerContext context_;
  SessionList sessions_;  // outlives io_, whose end destroys the last sessions
  std::atomic<int> connections_{0};
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  boost::asio::steady_timer tick_{io_};
  boost::asio::steady_timer accept_pause_{io_};
  std::chrono::milliseconds tick_interval_;
  bool ticking_ = false;
  bool draining_ = false;
  std::string date_;
  base::WallTime date_second_{};
  std::thread thread_;
};

}  // namespace sampleproc::http
