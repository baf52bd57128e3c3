#include "loadtest/session.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "loadtest/measurement.h"

namespace sampleproc::loadtest {
namespace {

// What this machine, not the peer, has run out of.
bool IsOurLimit(int error) {
  return error == EMFILE || error == ENFILE || error == EADDRNOTAVAIL || error == ENOBUFS ||
         error == ENOMEM;
}

// How often what is there is read before the others have their turn.
constexpr int kMostReads = 16;
constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

// Memory that a connection keeps for its next answer.
constexpr std::size_t kKeptHeld = 64UL * 1024;

}  // namespace

Session::Outcome Session::Open(const Address& address, int epoll, std::uint64_t tag) {
  must_close_ = false;
  has_more_ = false;
  epoll_ = epoll;
  tag_ = tag;
  if (connection_.Open(address) != 0) {
    const int error = errno;
    return Fail(IsOurLimit(error) ? failure::kNoSocket : failure::kConnect, error);
  }
  epoll_event event{};
  event.events = kEvents;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, connection_.fd(), &event) != 0) {
    return Fail(failure::kNoSocket, errno);
  }
  state_ = State::kConnecting;
  return Outcome::kNothing;
}

Session::Outcome Session::Begin(std::size_t kept_bytes) {
  has_request_ = true;
  written_ = 0;
  kept_bytes_ = kept_bytes;
  if (state_ != State::kIdle) return Outcome::kNothing;
  return OnConnected();
}

Session::Outcome Session::OnConnected() {
  if (!has_request_) {
    if (connection_.Handshake() != 0) {
      const int error = errno;
      if (error == EAGAIN) return Outcome::kNothing;
      return Fail(error == EPROTO ? failure::kTls : failure::kReset, error);
    }
    state_ = State::kIdle;
    return Outcome::kReady;
  }
  answer_.Begin(request_.is_head, kept_bytes_);
  answered_ = 0;
  state_ = State::kSending;
  return Send();
}

bool Session::IsStillOpen(std::span<char> room) {
  return state_ == State::kIdle && Receive(room, false) == Outcome::kNothing;
}

Session::Outcome Session::Send() {
  const std::array<std::string_view, 3> parts{request_.head, request_.body, request_.tail};
  while (true) {
    std::array<iovec, 3> left;
    std::size_t count = 0;
    std::size_t skip = written_;
    for (const std::string_view part : parts) {
      const std::size_t skipped = std::min(skip, part.size());
      skip -= skipped;
      if (skipped == part.size()) continue;
      left[count++] = {const_cast<char*>(part.data() + skipped), part.size() - skipped};
    }
    if (count == 0) break;
    const ssize_t took = connection_.Send(std::span(left).first(count));
    if (took >= 0) {
      written_ += static_cast<std::size_t>(took);
    } else if (errno == EAGAIN) {
      return Outcome::kNothing;
    } else if (errno != EINTR) {
      // The peer may have answered before it closed: its answer is read, and no more is sent.
      must_close_ = true;
      break;
    }
  }
  state_ = State::kReading;
  return Outcome::kNothing;
}

Session::Outcome Session::OnEvents(std::uint32_t events, std::span<char> room) {
  if (state_ == State::kClosed) return Outcome::kNothing;
  if (state_ == State::kConnecting) {
    const int error = connection_.ConnectError();
    if (error != 0) return Fail(IsOurLimit(error) ? failure::kNoSocket : failure::kConnect, error);
    if ((events & EPOLLOUT) == 0) return Outcome::kNothing;
    const Outcome outcome = OnConnected();
    // What comes before hands are shaken is the handshake's.
    if (outcome != Outcome::kNothing || state_ == State::kConnecting) return outcome;
  } else if (state_ == State::kSending) {
    // Whatever happened: a handshake that sends may wait for what comes.
    Send();
  }
  const bool has_more = std::exchange(has_more_, false);
  if (!has_more && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) {
    return Outcome::kNothing;
  }
  const bool has_ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const Outcome outcome = Receive(room, has_ended);
  // The peer's end came with its answer, and no event will tell of it again.
  if (outcome == Outcome::kAnswered && has_ended) must_close_ = true;
  return outcome;
}

Session::Outcome Session::Receive(std::span<char> room, bool to_the_end) {
  for (int reads = 0; reads < kMostReads; ++reads) {
    const ssize_t got = connection_.Receive(room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return Outcome::kNothing;
    if (state_ == State::kIdle) {
      Close();
      return Outcome::kLost;
    }
    if (got < 0) return Fail(errno == EPROTO ? failure::kTls : failure::kReset);
    if (got == 0) {
      answer_.FeedEnd();
      must_close_ = true;
      if (answer_.state() == ResponseReader::State::kDone) return Outcome::kAnswered;
      return Fail(failure::kClosed);
    }
    const auto size = static_cast<std::size_t>(got);
    received_ += size;
    answered_ += size;
    const std::size_t taken = answer_.Feed({room.data(), size});
    if (answer_.state() == ResponseReader::State::kBroken) return Fail(failure::kInvalid);
    if (answer_.state() == ResponseReader::State::kDone) {
      // Nobody asked for a second one: which of them was meant cannot be told.
      if (taken < size) return Fail(failure::kInvalid);
      // An answer to half a request: nothing can follow.
      must_close_ = must_close_ || state_ == State::kSending;
      return Outcome::kAnswered;
    }
    if (answered_ > kMaxAnswer) return Refuse();
    // Without TLS less than there was room for is all there is; more will be another event, unless
    // this one told of the end, too.
    const bool may_have_more = size == room.size() || connection_.has_tls() || to_the_end;
    if (!may_have_more) return Outcome::kNothing;
  }
  AskForEvent();
  return Outcome::kNothing;
}

// The socket can be written to, if nothing else, so there is one.
void Session::AskForEvent() {
  has_more_ = true;
  epoll_event event{};
  event.events = kEvents;
  event.data.u64 = tag_;
  (void)::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection_.fd(), &event);
}

Session::Outcome Session::Refuse() {
  answer_.Release();
  return Fail(failure::kTooLarge);
}

void Session::Finish(bool keep_alive) {
  if (answer_.held() > kKeptHeld) answer_.Release();
  has_request_ = false;
  if (keep_alive && !must_close_ && !answer_.closes()) {
    state_ = State::kIdle;
  } else {
    Close();
  }
}

void Session::Close() {
  if (answer_.held() > kKeptHeld) answer_.Release();
  connection_.Close();
  has_request_ = false;
  state_ = State::kClosed;
}

Session::Outcome Session::Fail(std::string_view type, int error) {
  failure_ = type;
  error_ = error;
  Close();
  return Outcome::kFailed;
}

}  // namespace sampleproc::loadtest
