#include "loadtest/load_loop.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sampleproc::loadtest {
namespace {

using base::MonoTime;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t kRoom = 256 * 1024;
// After a failure a connection of a closed loop holds back, or a dead server would be hammered.
constexpr nanoseconds kPause = std::chrono::milliseconds(10);
// A wait that returns sooner has not slept: what it tells of happened before.
constexpr nanoseconds kNoSleep = std::chrono::microseconds(20);
// How soon a stopped loop notices.
constexpr nanoseconds kLongestSleep = std::chrono::milliseconds(50);

MonoTime Now() { return base::SystemClock().Now(); }

timespec AsTimespec(nanoseconds time) {
  return {.tv_sec = time / seconds(1), .tv_nsec = (time % seconds(1)).count()};
}

std::uint64_t Count(nanoseconds duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

}  // namespace

LoadLoop::LoadLoop(const LoopOptions& options, Pacer* pacer, RequestMaker& maker,
                   const Deliver& deliver, const base::CancelFlag& stop)
    : options_(options),
      pacer_(pacer),
      maker_(maker),
      deliver_(deliver),
      stop_(stop),
      room_(kRoom) {}

base::Result<void> LoadLoop::Connect(std::atomic<std::size_t>& opened) {
  epoll_ = base::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (epoll_.get() < 0) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      std::string("cannot watch connections: ") + std::strerror(errno));
  }
  const bool holds = options_.HoldsConnections();
  if (options_.closed || holds) sessions_.resize(options_.connections);
  if (!holds) return {};
  opening_ = OpenAhead(sessions_, options_.address, epoll_.get(), options_.opened_at_once, room_,
                       stop_, opened);
  if (options_.closed) return {};  // each of its connections sends, whether it is open or not
  idle_.assign(opening_.open.begin(), opening_.open.end());
  closed_ = opening_.missing;
  closed_.insert(closed_.end(), opening_.lost.begin(), opening_.lost.end());
  return {};
}

void LoadLoop::Run(MonoTime start) {
  start_ = last_answer_ = ended_ = looked_ = start;
  books_ = SecondBooks(start);
  books_.At(start).connections += opening_.count();
  lost_ = opening_.lost.size();
  if (pacer_ != nullptr) next_ = pacer_->Next();
  if (options_.closed) {
    for (std::size_t i = 0; i < sessions_.size(); ++i) SendClosed(i);
  }
  while (!stop_.Cancelled()) {
    SendDue();
    const MonoTime now = Now();
    Expire(now);
    SendPaused(now);
    HandOver(now);
    if (IsOver()) break;
    Look(now);
  }
  Abandon();
  do {
    DeliverFirst();
  } while (!books_.empty());
}

void LoadLoop::Look(MonoTime now) {
  const timespec patience = Patience(now);
  const MonoTime asked = Now();
  const int count = ::epoll_pwait2(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                   &patience, nullptr);
  const MonoTime woke = Now();
  const bool has_slept = woke - asked >= kNoSleep;  // then nothing had happened before
  const MonoTime since = has_slept ? woke : looked_;
  const std::size_t events = count < 0 ? 0 : static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < events; ++i) {
    const epoll_event& event = events_[i];
    const std::size_t index = event.data.u64;
    Session& session = sessions_[index];
    const bool was_busy = session.is_busy();
    Outcome outcome = session.OnEvents(event.events, room_);
    CountHeld(session);
    if (held_ > options_.answer_bytes && outcome == Outcome::kNothing && was_busy) {
      outcome = session.Refuse();
    }
    const MonoTime handled = Now();
    session.read_lag += handled - std::max(since, session.sent);
    Handle(index, was_busy, outcome);
    // Between many answers, too, nothing that is due waits.
    if (next_ && start_ + next_->at <= handled) SendDue();
  }
  // What did not fit happened before, too, unless nothing had.
  if (has_slept || events < events_.size()) looked_ = woke;
}

void LoadLoop::CountHeld(Session& session) {
  held_ += session.held();
  held_ -= std::exchange(session.counted, session.held());
}

void LoadLoop::SendDue() {
  while (next_) {
    const MonoTime now = Now();
    const Waiting due{*next_, start_ + next_->at};
    if (due.intended > now) break;
    next_ = pacer_->Next();
    Measurement& measured = books_.At(due.intended);
    ++measured.intended;
    measured.send_lag.Record(Count(now - due.intended));
    const auto session = waiting_.empty() ? FreeSession(now) : std::nullopt;
    if (session) {
      Begin(*session, due, now);
    } else {
      ++measured.waited;
      waiting_.push_back(due);
    }
    // After a long stop many seconds are due at once; none is kept longer than it must be.
    HandOver(now);
  }
}

void LoadLoop::SendWaiting() {
  while (!waiting_.empty()) {
    const MonoTime now = Now();
    const auto session = FreeSession(now);
    if (!session) return;
    const Waiting first = waiting_.front();
    waiting_.pop_front();
    Begin(*session, first, now);
  }
}

// The next request of a closed loop's connection, unless the run is over.
void LoadLoop::SendClosed(std::size_t index) {
  const MonoTime now = Now();
  if (options_.duration.count() > 0 && now - start_ >= options_.duration) return;
  if (options_.requests > 0 && begun_ == options_.requests) return;
  ++books_.At(now).intended;
  Arrival arrival{now - start_, static_cast<std::uint32_t>(index % options_.cameras)};
  if (!IsUsable(index)) Open(index, now);
  Begin(index, {arrival, now}, now);
}

// A closed loop's connections that failed have waited a little and go on.
void LoadLoop::SendPaused(MonoTime now) {
  while (!paused_.empty() && paused_.front().at <= now) {
    const std::size_t index = paused_.front().session;
    paused_.pop_front();
    SendClosed(index);
  }
}

// What becomes of a connection that is closed.
void LoadLoop::PutAway(std::size_t index) {
  if (options_.closed) {
    paused_.push_back({Now() + kPause, index, 0});
  } else {
    closed_.push_back(index);
  }
}

bool LoadLoop::IsOver() const {
  if (next_ || !waiting_.empty() || in_flight_ > 0) return false;
  if (!options_.closed) return true;
  // A connection that could not be opened is tried again while the run lasts.
  if (options_.requests > 0) return begun_ == options_.requests;
  return Now() - start_ >= options_.duration;
}

std::optional<std::size_t> LoadLoop::FreeSession(MonoTime now) {
  while (!idle_.empty()) {
    const std::size_t index = idle_.front();
    idle_.pop_front();
    if (sessions_[index].state() != Session::State::kIdle) continue;  // lost, and put away then
    if (IsUsable(index)) return index;
    closed_.push_back(index);
  }
  if (!closed_.empty()) {
    const std::size_t index = closed_.back();
    closed_.pop_back();
    Open(index, now);
    return index;
  }
  if (sessions_.size() == options_.connections) return std::nullopt;
  sessions_.emplace_back();
  Open(sessions_.size() - 1, now);
  return sessions_.size() - 1;
}

// Whether a request can go out on an idle connection as it is. One that was opened ahead may have
// been ended by its peer before its first use, whose news is still to be read: that is no failure
// of the request.
bool LoadLoop::IsUsable(std::size_t index) {
  Session& session = sessions_[index];
  if (session.state() != Session::State::kIdle) return false;
  if (session.exchange > 0 || session.IsStillOpen(room_)) return true;
  ++lost_;
  return false;
}

// Begins to connect; what fails at once is seen by Begin.
void LoadLoop::Open(std::size_t index, MonoTime now) {
  ++books_.At(now).connections;
  sessions_[index].Open(options_.address, epoll_.get(), index);
}

void LoadLoop::Begin(std::size_t index, const Waiting& request, MonoTime now) {
  Session& session = sessions_[index];
  ++begun_;
  if (session.state() == Session::State::kClosed) {
    Fail(session.failure(), now);
    PutAway(index);
    return;
  }
  session.arrival = request.arrival;
  session.intended = request.intended;
  session.sent = now;
  session.read_lag = {};
  maker_.Make(request.arrival, session.request());
  ++session.exchange;
  ++in_flight_;
  timeouts_.push_back({request.intended + options_.timeout, index, session.exchange});
  session.Begin(maker_.KeptBytes());
}

void LoadLoop::Handle(std::size_t index, bool was_busy, Outcome outcome) {
  Session& session = sessions_[index];
  const MonoTime now = Now();
  books_.At(now).bytes_received += session.TakeReceived();
  if (outcome == Outcome::kNothing) return;
  if (outcome == Outcome::kLost && session.exchange == 0) ++lost_;
  if (outcome == Outcome::kAnswered) {
    Record(session, now);
    session.Finish(options_.keep_alive);
  } else if (outcome == Outcome::kFailed && was_busy) {
    Fail(session.failure(), now);
  }
  CountHeld(session);
  if (was_busy) --in_flight_;
  if (options_.closed && outcome != Outcome::kFailed) {
    SendClosed(index);
    return;
  }
  if (session.state() == Session::State::kClosed) {
    PutAway(index);
  } else {
    idle_.push_back(index);
  }
  SendWaiting();
}

void LoadLoop::Fail(std::string_view type, MonoTime now) {
  books_.At(now).Fail(type);
  last_answer_ = now;
}

void LoadLoop::Record(Session& session, MonoTime now) {
  last_answer_ = now;
  Measurement& measured = books_.At(now);
  measured.read_lag.Record(Count(session.read_lag));
  const std::string problem = maker_.Check(session.request(), session.answer());
  if (!problem.empty()) {
    measured.Fail(problem);
    return;
  }
  ++measured.good;
  AddLatency(session.intended, session.sent, now);
}

void LoadLoop::AddLatency(MonoTime intended, MonoTime sent, MonoTime now) {
  books_.At(now).AddLatency(Count(now - intended), Count(now - sent),
                            PlaceOf(intended - start_, options_.length));
}

void LoadLoop::Expire(MonoTime now) {
  const auto fail = [this, now](MonoTime intended, MonoTime sent) {
    Fail(failure::kTimeout, now);
    AddLatency(intended, sent, now);
  };
  while (!waiting_.empty() && waiting_.front().intended + options_.timeout <= now) {
    fail(waiting_.front().intended, waiting_.front().intended);
    waiting_.pop_front();
  }
  while (!timeouts_.empty()) {
    const Timeout due = timeouts_.front();
    Session& session = sessions_[due.session];
    const bool is_under_way = session.is_busy() && session.exchange == due.exchange;
    if (is_under_way && due.at > now) break;
    timeouts_.pop_front();
    if (!is_under_way) continue;
    fail(session.intended, session.sent);
    session.Close();
    CountHeld(session);
    --in_flight_;
    PutAway(due.session);
    SendWaiting();
  }
}

void LoadLoop::HandOver(MonoTime now) {
  while (books_.IsComplete(now, next_)) {
    CountOpen(now, books_.At(books_.End() - nanoseconds(1)).open);
    DeliverFirst();
  }
}

void LoadLoop::DeliverFirst() {
  const std::uint64_t second = books_.first();
  books_.Reuse(deliver_(second, books_.Take()));
}

void LoadLoop::CountOpen(MonoTime now, Histogram& open) const {
  for (const Waiting& each : waiting_) open.Record(Count(now - each.intended));
  for (const Timeout& each : timeouts_) {
    const Session& session = sessions_[each.session];
    if (!session.is_busy() || session.exchange != each.exchange) continue;
    open.Record(Count(now - session.intended));
  }
}

timespec LoadLoop::Patience(MonoTime now) const {
  MonoTime wake = std::min(now + kLongestSleep, books_.End());
  if (next_) wake = std::min(wake, start_ + next_->at);
  if (!timeouts_.empty()) wake = std::min(wake, timeouts_.front().at);
  if (!paused_.empty()) wake = std::min(wake, paused_.front().at);
  if (!waiting_.empty()) wake = std::min(wake, waiting_.front().intended + options_.timeout);
  return AsTimespec(std::max<nanoseconds>(wake - now, nanoseconds(0)));
}

void LoadLoop::Abandon() {
  ended_ = Now();
  CountOpen(ended_, open_);
  std::uint64_t unsent = waiting_.size();
  for (Session& session : sessions_) {
    const bool is_unsent = session.is_busy() && session.state() == Session::State::kConnecting;
    if (is_unsent) ++unsent;
    session.Close();
  }
  const std::size_t unanswered = in_flight_ + waiting_.size();
  if (unanswered == 0) return;
  Measurement& measured = books_.At(ended_);
  measured.open = open_;
  measured.abandoned += unanswered;
  measured.unsent += unsent;
}

}  // namespace sampleproc::loadtest
