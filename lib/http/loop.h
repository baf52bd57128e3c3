// One event loop: an I/O thread's context and what its connections share. Internal to http/.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "http/connection_limits.h"
#include "http/listen_socket.h"
#include "http/server.h"
#include "http/tls.h"

namespace sampleproc::http {

class Acceptor;
class Session;

// What the loops of one server share; it must outlive them.
struct SharedState {
  SharedState(std::size_t connections, std::size_t per_client) : limits(connections, per_client) {}

  ConnectionLimits limits;
  std::atomic<std::uint64_t> accept_failures{0};
  std::atomic<std::uint64_t> failed_handshakes{0};  // of TLS

  // Of connections that come; null: plain. Behind a lock, because libstdc++ 12's atomic shared_ptr
  // unlocks a load with relaxed order: a store may then overtake what was read.
  std::shared_ptr<const TlsContext> Tls() const {
    const base::MutexLock lock(tls_mutex);
    return tls;
  }
  void SetTls(std::shared_ptr<const TlsContext> next) {
    const base::MutexLock lock(tls_mutex);
    tls = std::move(next);
  }
  mutable base::Mutex tls_mutex;
  std::shared_ptr<const TlsContext> tls GUARDED_BY(tls_mutex);

  // While a loop drains: fewer sockets or requests are left. What counts them needs no lock.
  void NoteLeft() {
    const base::MutexLock lock(mutex);
    left.NotifyAll();
  }
  base::Mutex mutex;
  base::CondVar left;
};

// All functions but the constructor and those that say so run on the loop's own thread. Time limits
// of connections are looked at by one coarse tick rather than by a timer each: arming one costs a
// store, and a limit of seconds may be late by a tick.
class Loop {
 public:
  using SessionList = std::list<Session*>;

  Loop(const ServerContext& context, SharedState& shared, std::vector<ListenSocket> sockets);
  ~Loop();

  void Start();           // spawns the thread
  void BeginDrain();      // from any thread
  void StopAccepting();   // from any thread
  void LeaveInherited();  // from any thread
  void Stop();            // from any thread; ends the thread's run and joins it
  void SetSite(std::shared_ptr<const Site> site);  // from any thread

  // From any thread.
  int connections() const { return connections_.load(std::memory_order_relaxed); }
  int requests() const { return requests_.load(std::memory_order_relaxed); }
  int listening() const { return listening_.load(std::memory_order_acquire); }  // sockets

  // For acceptors and sessions.
  const ServerContext& context() const { return context_; }
  const std::shared_ptr<const Site>& site() const { return context_.site; }
  SharedState& shared() { return shared_; }
  boost::asio::io_context& io() { return io_; }
  bool draining() const { return draining_; }
  std::string_view date();  // of this second
  base::MonoTime now() const { return context_.clock.Now(); }
  base::MonoTime tick_time() const { return tick_time_; }  // of the last tick
  void CountRequests(int change) {
    requests_.store(requests_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
    NoteLeft();
  }
  void NoteAcceptFailure(int error);
  void NoteFailedHandshake();
  void NoteClosed() {
    listening_.fetch_sub(1, std::memory_order_release);
    NoteLeft();
  }

  // Closes the oldest connection over the limits that has asked nothing, or has its answer; false
  // when there is none. So those who only hold their place keep no probe out.
  bool CloseOneOver();

  // A session's place among those that are told of time and of a stop, and, `over` the limits,
  // among those that make room for others.
  class Listed {
   public:
    Listed(Loop& loop, Session* session, bool over)
        : loop_(loop), place_(loop.Add(session)), over_(over) {
      if (over_) over_place_ = loop_.over_.insert(loop_.over_.begin(), session);
    }
    ~Listed() {
      if (over_) loop_.over_.erase(over_place_);
      loop_.Remove(place_);
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;

   private:
    Loop& loop_;
    const SessionList::iterator place_;
    const bool over_;
    SessionList::iterator over_place_;
  };

 private:
  void NoteLeft() {
    if (draining_) shared_.NoteLeft();
  }
  SessionList::iterator Add(Session* session);
  void Remove(SessionList::iterator place);
  void Run();
  void Revive() noexcept;
  void ScheduleTick();
  void Tick();

  ServerContext context_;
  SharedState& shared_;
  SessionList sessions_;  // outlives io_, whose end destroys the last sessions
  SessionList over_;      // those of them that are over the limits, the latest first; likewise
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};  // written by the loop's thread only
  std::atomic<int> listening_;
  boost::asio::io_context io_{1};
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  boost::asio::steady_timer tick_{io_};
  bool ticking_ = false;
  bool draining_ = false;
  base::MonoTime tick_time_{};
  base::MonoTime next_failure_note_{};
  std::string date_;
  base::WallTime date_second_{};
  std::thread thread_;
};

}  // namespace sampleproc::http
