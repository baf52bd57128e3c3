// One thread of load: its schedule, its connections, and what it measures.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "loadtest/measurement.h"
#include "loadtest/opener.h"
#include "loadtest/second_books.h"
#include "loadtest/session.h"

namespace sampleproc::loadtest {

struct LoopOptions {
  bool HoldsConnections() const { return keep_alive && hold_connections; }

  Address address;
  std::size_t connections = 1;        // at most; those of a closed loop are all used
  bool hold_connections = false;      // with keep-alive, open them all before the run begins
  std::size_t opened_at_once = 64;    // then: so many are under way at a time
  std::chrono::nanoseconds length{};  // of the schedule; 0 when only its end will tell
  bool keep_alive = true;
  // Memory for answers that are being read, of all connections together; one that would need more
  // has failed.
  std::size_t answer_bytes = 256UL * 1024 * 1024;
  // A request that is not answered so long after its intended time has failed.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);

  // A closed loop: each connection sends its next request when it has its answer, for so long, or
  // so many of them (0 = as long as the time lasts).
  bool closed = false;
  std::chrono::nanoseconds duration{};
  std::uint64_t requests = 0;
  std::uint32_t cameras = 1;
};

// Where a thread delivers what it measured in a second of the run, and takes an empty one for the
// next. Called by the thread of the loop.
using Deliver =
    std::function<std::unique_ptr<Measurement>(std::uint64_t second, std::unique_ptr<Measurement>)>;

// Sends what is due whatever has been answered. A request that finds every connection in use waits
// for one; that wait is part of its corrected latency.
class LoadLoop {
 public:
  // `pacer` may be null with a closed loop. All must outlive it.
  LoadLoop(const LoopOptions& options, Pacer* pacer, RequestMaker& maker, const Deliver& deliver,
           const base::CancelFlag& stop);

  // To be called first: opens the connections that are held, so that no request waits for one to be
  // made (OpenAhead, where `opened` counts). What is missing then is tried again by the requests
  // that need it, and counts. Without keep-alive each request has its own, and this opens none.
  // Fails when the system has no epoll to give.
  base::Result<void> Connect(std::atomic<std::size_t>& opened);

  // Returns when the schedule is over and all is answered or timed out, or when it is stopped.
  void Run(base::MonoTime start);

  // What became of the connections that Connect was to open.
  const Opening& opening() const { return opening_; }
  // How many of them the peer closed before their first request.
  std::uint64_t lost() const { return lost_; }

  // When the last answer came.
  base::MonoTime last_answer() const { return last_answer_; }
  // When it returned, and how old the requests were that were unanswered then.
  base::MonoTime ended() const { return ended_; }
  const Histogram& open() const { return open_; }

 private:
  using Outcome = Session::Outcome;
  struct Waiting {
    Arrival arrival;
    base::MonoTime intended;
  };
  struct Timeout {
    base::MonoTime at;
    std::size_t session;
    std::uint64_t exchange;
  };

  // Waits for events, and handles them.
  void Look(base::MonoTime now);
  void SendDue();
  void SendWaiting();
  void SendClosed(std::size_t index);
  void SendPaused(base::MonoTime now);
  bool IsOver() const;
  void Expire(base::MonoTime now);
  // Delivers the seconds that are complete.
  void HandOver(base::MonoTime now);
  void DeliverFirst();
  timespec Patience(base::MonoTime now) const;
  std::optional<std::size_t> FreeSession(base::MonoTime now);
  bool IsUsable(std::size_t index);
  void Open(std::size_t index, base::MonoTime now);
  void PutAway(std::size_t index);
  void Begin(std::size_t index, const Waiting& request, base::MonoTime now);
  void Handle(std::size_t index, bool was_busy, Outcome outcome);
  void Record(Session& session, base::MonoTime now);
  void CountOpen(base::MonoTime now, Histogram& open) const;
  void Fail(std::string_view type, base::MonoTime now);
  void AddLatency(base::MonoTime intended, base::MonoTime sent, base::MonoTime now);
  void Abandon();
  void CountHeld(Session& session);

  const LoopOptions& options_;
  Pacer* const pacer_;
  RequestMaker& maker_;
  const Deliver& deliver_;
  const base::CancelFlag stop_;
  base::MonoTime start_;
  base::MonoTime last_answer_;
  base::MonoTime ended_;
  base::MonoTime looked_;  // all that happened before has been handled, or is in hand
  base::Descriptor epoll_;
  std::array<epoll_event, 256> events_;
  std::vector<char> room_;
  SecondBooks books_;
  Histogram open_;

  std::deque<Session> sessions_;
  std::deque<std::size_t> idle_;     // some may have been lost since
  std::vector<std::size_t> closed_;  // to be opened again
  std::deque<Waiting> waiting_;
  std::deque<Timeout> paused_;
  std::deque<Timeout> timeouts_;  // in order of time
  std::optional<Arrival> next_;
  Opening opening_;
  std::uint64_t lost_ = 0;
  std::uint64_t begun_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t held_ = 0;  // bytes of answers
};

}  // namespace sampleproc::loadtest
