#include "loadtest/opener.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "loadtest/measurement.h"

namespace sampleproc::loadtest {
namespace {

using base::MonoTime;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// After a failure the target gets this long before the next attempt.
constexpr milliseconds kPauseToOpen{10};
// A SYN that was dropped is sent again after 1 and 3 s (RFC 6298), so so long none need succeed.
constexpr seconds kMaxWithoutSuccess{5};
constexpr seconds kMaxOpening{60};
// How soon the end of the time and a stop are noticed.
constexpr milliseconds kMaxWait{50};

MonoTime Now() { return base::SystemClock().Now(); }

class Opener {
 public:
  Opener(std::deque<Session>& sessions, const Address& address, int epoll, std::size_t at_once,
         std::span<char> room, std::atomic<std::size_t>& opened)
      : sessions_(sessions),
        address_(address),
        epoll_(epoll),
        at_once_(at_once),
        room_(room),
        opened_(opened) {
    for (std::size_t i = sessions.size(); i > 0; --i) result_.missing.push_back(i - 1);
  }

  Opening Run(const base::CancelFlag& stop) {
    last_success_ = next_try_ = Now();
    const MonoTime end = last_success_ + kMaxOpening;
    while ((!result_.missing.empty() || under_way_ > 0) && !stop.Cancelled()) {
      const MonoTime now = Now();
      if (now >= end || now - last_success_ >= kMaxWithoutSuccess) break;
      has_failed_ = false;
      if (now >= next_try_) Begin();
      Wait();
      if (!has_failed_) continue;
      // Nobody is there, or this machine has no more: later is no better.
      const bool is_final = result_.count() == 0 || IsOwnShortage(result_);
      if (is_final && under_way_ == 0) break;
      next_try_ = Now() + kPauseToOpen;
    }
    Abandon();
    return std::move(result_);
  }

 private:
  void Begin() {
    while (!result_.missing.empty() && under_way_ < at_once_ && !has_failed_) {
      const std::size_t index = result_.missing.back();
      Session& session = sessions_[index];
      if (session.Open(address_, epoll_, index) == Session::Outcome::kFailed) {
        NoteFailure(session);
      } else {
        result_.missing.pop_back();
        ++under_way_;
      }
    }
  }

  void Wait() {
    const nanoseconds most = under_way_ > 0 ? kMaxWait : kPauseToOpen;
    const timespec patience{.tv_sec = 0, .tv_nsec = most.count()};
    const int count = ::epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()),
                                     &patience, nullptr);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      Handle(event.data.u64, event.events);
    }
  }

  void Handle(std::size_t index, std::uint32_t events) {
    Session& session = sessions_[index];
    const bool was_connecting = session.state() == Session::State::kConnecting;
    const Session::Outcome outcome = session.OnEvents(events, room_);
    if (outcome == Session::Outcome::kNothing) return;
    if (was_connecting) --under_way_;
    if (outcome == Session::Outcome::kReady) {
      result_.open.push_back(index);
      opened_.fetch_add(1, std::memory_order_relaxed);
      last_success_ = Now();
      result_.failure = {};  // that was overcome
      result_.error = 0;
      // Its end may have come with the news that it is connected, and no event tells of it again.
      if (!session.IsStillOpen(room_)) Lose(index);
    } else if (was_connecting) {
      result_.missing.push_back(index);
      NoteFailure(session);
    } else {
      Lose(index);
    }
  }

  void Lose(std::size_t index) {
    std::erase(result_.open, index);
    result_.lost.push_back(index);
  }

  void NoteFailure(const Session& session) {
    has_failed_ = true;
    result_.failure = session.failure();
    result_.error = session.error();
  }

  // What is still under way then is closed: whoever needs it opens it anew.
  void Abandon() {
    if (under_way_ == 0) return;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i].state() != Session::State::kConnecting) continue;
      sessions_[i].Close();
      result_.missing.push_back(i);
    }
  }

  std::deque<Session>& sessions_;
  const Address& address_;
  const int epoll_;
  const std::size_t at_once_;
  const std::span<char> room_;
  std::atomic<std::size_t>& opened_;
  Opening result_;
  std::size_t under_way_ = 0;
  bool has_failed_ = false;  // in this round
  MonoTime last_success_;
  MonoTime next_try_;
  std::array<epoll_event, 256> events_{};
};

std::string OwnLimit(int error) {
  if (error == EADDRNOTAVAIL) {
    return "this machine has no local port left for this target; raise "
           "net.ipv4.ip_local_port_range, or use a lower -c";
  }
  rlimit limit{};
  const bool is_known = ::getrlimit(RLIMIT_NOFILE, &limit) == 0;
  std::string text = "this machine has none left to give (";
  text += std::strerror(error);
  if (is_known) text += ", " + std::to_string(limit.rlim_cur) + " files a process";
  return text + "); raise the limit (ulimit -n; fs.file-max), or use a lower -c";
}

}  // namespace

Opening OpenAhead(std::deque<Session>& sessions, const Address& address, int epoll,
                  std::size_t at_once, std::span<char> room, const base::CancelFlag& stop,
                  std::atomic<std::size_t>& opened) {
  return Opener(sessions, address, epoll, at_once, room, opened).Run(stop);
}

bool IsOwnShortage(const Opening& why) { return why.failure == failure::kNoSocket; }

std::string DescribeShortage(std::size_t opened, std::size_t wanted, const Opening& why) {
  std::string text =
      "opened " + std::to_string(opened) + " of " + std::to_string(wanted) + " connections: ";
  if (IsOwnShortage(why)) return text + OwnLimit(why.error);
  if (why.failure.empty()) {
    text += "it accepted them too slowly (within " + std::to_string(kMaxOpening.count()) +
            " s all must be open, and one more at least every " +
            std::to_string(kMaxWithoutSuccess.count()) + " s)";
  } else {
    text += "it refused the next one (" +
            (why.error != 0 ? std::string(std::strerror(why.error)) : std::string(why.failure)) +
            ")";
  }
  return text +
         "; raise the target's limits of connections, open files (ulimit -n) and listen backlog "
         "(net.core.somaxconn), or use a lower -c";
}

}  // namespace sampleproc::loadtest
