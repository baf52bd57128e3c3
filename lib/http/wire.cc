#include "http/wire.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "http/loop.h"

namespace sampleproc::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Of Linger: how much is read away, how long the client may take to read the answer while it sends
// nothing, and how long in all. Many clients send a whole body before they read: enough for one
// that is somewhat too large, so that they learn why it was refused.
constexpr std::size_t kLingerBytes = 64 * 1024 * 1024;
constexpr std::chrono::milliseconds kLingerSilence{2000};
constexpr std::chrono::milliseconds kLingerTime{10'000};
constexpr std::size_t kLingerRoom = 16 * 1024;

// What a handshake is known by: the headers of its first record and message. And the largest hello
// whose bytes are gathered: those with post-quantum keys and a session's ticket have a few
// thousand, and OpenSSL would take 128 KiB for one that says it has so many.
constexpr int kOpening = 9;
constexpr std::size_t kLargestHello = 16 * 1024;

asio::const_buffer Buffer(base::ByteView bytes) { return {bytes.data(), bytes.size()}; }

// Of an answer that the kernel has not sent yet: enough to be sent meanwhile.
constexpr int kUnsent = 256 * 1024;

// Bytes that the peer's kernel has not acknowledged (SIOCOUTQ, tcp(7)).
std::uint64_t SendQueue(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace

bool WouldBlock(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

Wire::Wire(Loop& loop, Socket socket, std::unique_ptr<TlsStream> tls)
    : loop_(loop), socket_(std::move(socket)), tls_(std::move(tls)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  const int on = 1;  // fails on a Unix socket, which has no such delay
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Else megabytes of an answer lie in the kernel, whether or not the client takes them (tcp(7)).
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent);
}

void Wire::Arm(Wait wait, std::chrono::milliseconds limit) {
  wait_ = wait;
  timed_out_ = false;
  const base::MonoTime now = loop_.now();
  wait_ends_ = now + limit;
  if (wait == Wait::kBody || wait == Wait::kWrite) {
    moving_since_ = now;
    moved_bytes_ = 0;
  }
  if (wait == Wait::kWrite) {
    unsent_before_ = SendQueue(socket_.native_handle());
    acknowledged_ = 0;
  }
}

void Wire::Progress(std::size_t bytes) {
  moved_bytes_ += bytes;
  const Options& options = loop_.site()->options;
  wait_ends_ = loop_.now() + (wait_ == Wait::kWrite ? options.write_timeout : options.body_timeout);
}

bool Wire::Late(base::MonoTime now, std::uint64_t moved) const {
  if (now >= wait_ends_) return true;
  if (wait_ != Wait::kBody && wait_ != Wait::kWrite) return false;
  const Options& options = loop_.site()->options;
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(now - moving_since_);
  const std::size_t rate = wait_ == Wait::kBody ? options.body_min_rate : options.write_min_rate;
  const auto owed = static_cast<std::uint64_t>(taken.count()) * rate / 1000;
  return taken >= options.body_rate_grace && moved < owed;
}

std::uint64_t Wire::Acknowledged() {
  const std::uint64_t given = unsent_before_ + moved_bytes_;
  return given - std::min(given, SendQueue(socket_.native_handle()));
}

void Wire::OnTick(base::MonoTime now) {
  if (wait_ == Wait::kNothing || wait_ == Wait::kWorker || wait_ == Wait::kLive) return;
  if (!Late(now, moved_bytes_)) return;
  if (wait_ == Wait::kWrite) {
    // The kernel asks for more only when half of kUnsent has gone, which takes a slow reader long.
    const std::uint64_t acknowledged = Acknowledged();
    if (acknowledged > acknowledged_) wait_ends_ = now + loop_.site()->options.write_timeout;
    acknowledged_ = acknowledged;
    if (!Late(now, acknowledged)) return;
  }
  timed_out_ = true;
  wait_ = Wait::kNothing;
  error_code ignored;
  socket_.cancel(ignored);
}

std::size_t Wire::ReadSome(std::span<char> room, error_code& error) {
  if (closed_) error = asio::error::bad_descriptor;  // its number may be another's by now
  if (closed_) return 0;
  if (tls_) return tls_->ReadSome(room, error);
  return socket_.read_some(asio::buffer(room.data(), room.size()), error);
}

std::size_t Wire::WriteSome(base::ByteView bytes, error_code& error) {
  if (closed_) error = asio::error::bad_descriptor;
  if (closed_) return 0;
  if (tls_) return tls_->WriteSome(bytes, error);
  return socket_.write_some(Buffer(bytes), error);
}

Wire::Awaitable<void> Wire::WaitReady(error_code& error) {
  const auto wanted = tls_->wants_write() ? Socket::wait_write : Socket::wait_read;
  co_await socket_.async_wait(wanted, asio::redirect_error(asio::use_awaitable, error));
}

Wire::Awaitable<std::size_t> Wire::Read(std::span<char> room, error_code& error) {
  if (!tls_) {
    if (timed_out_ || interrupted_) {
      error = asio::error::operation_aborted;
      co_return 0;
    }
    co_return co_await socket_.async_read_some(asio::buffer(room.data(), room.size()),
                                               asio::redirect_error(asio::use_awaitable, error));
  }
  for (bool waited = false;; waited = true) {
    error = {};
    const std::size_t got = ReadSome(room, error);
    if (!WouldBlock(error)) {
      // As with a plain read of what is there already, others have their turn before it is used.
      if (!waited) co_await asio::post(loop_.io(), asio::use_awaitable);
      co_return got;
    }
    error = {};
    if (timed_out_ || interrupted_) {
      error = asio::error::operation_aborted;
      co_return 0;
    }
    co_await WaitReady(error);
    if (error) co_return 0;
  }
}

Wire::Awaitable<bool> Wire::WriteAll(base::ByteView bytes) {
  const auto limit = loop_.site()->options.write_timeout;
  while (!bytes.empty()) {
    error_code error;
    std::size_t sent = WriteSome(bytes, error);
    if (WouldBlock(error)) {
      if (wait_ != Wait::kWrite) Arm(Wait::kWrite, limit);
      error = {};
      if (tls_) {
        co_await WaitReady(error);
      } else {
        sent = co_await socket_.async_write_some(Buffer(bytes),
                                                 asio::redirect_error(asio::use_awaitable, error));
      }
    }
    if (error) {
      closed_ = true;
      co_return false;
    }
    bytes = bytes.subspan(sent);
    if (wait_ == Wait::kWrite && sent > 0) Progress(sent);
  }
  Disarm();
  co_return true;
}

// By the headers of a record and of the message in it (RFC 8446, 5.1 and 4), of which nothing is
// taken. Where only a part of them has come it is for OpenSSL to say what is wrong.
Wire::Opening Wire::LookAtOpening() {
  std::array<std::uint8_t, kOpening> first;
  const ssize_t got =
      ::recv(socket_.native_handle(), first.data(), first.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Opening::kAwaited;
  if (got <= 0) return Opening::kEnd;
  if (std::isprint(first[0]) != 0 || first[0] == '\r' || first[0] == '\n') return Opening::kText;
  if (got < static_cast<ssize_t>(kOpening)) return Opening::kHello;
  const std::size_t record = first[3] * 256u + first[4];
  const std::size_t hello = (first[6] * 256u + first[7]) * 256u + first[8];
  return record < 4 || hello > kLargestHello ? Opening::kHugeHello : Opening::kHello;
}

Wire::Awaitable<Wire::Agreed> Wire::Handshake(std::chrono::milliseconds limit) {
  if (!tls_) co_return Agreed::kYes;
  // On a Unix socket any byte wakes.
  const auto wake_at = [this](int bytes) {
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
  };
  wake_at(kOpening);
  Arm(Wait::kHandshake, limit);
  for (;;) {
    error_code error;
    if (!opened_) {
      const Opening opening = LookAtOpening();
      opened_ = opening != Opening::kAwaited;
      if (opened_) wake_at(1);
      if (opening == Opening::kEnd) co_return Agreed::kNothing;
      if (opening == Opening::kHugeHello) co_return Agreed::kNo;
      if (opening == Opening::kText) {
        tls_.reset();
        Disarm();
        co_return Agreed::kPlain;
      }
    }
    if (opened_) {
      if (tls_->Handshake(error)) break;
      if (!WouldBlock(error)) co_return Agreed::kNo;
      error = {};
    }
    if (!timed_out_) co_await WaitReady(error);
    if (timed_out_) co_return Agreed::kLate;
    if (error) co_return Agreed::kNothing;
  }
  Disarm();
  co_return Agreed::kYes;
}

Wire::Awaitable<void> Wire::Linger() {
  error_code error;
  if (tls_) tls_->SayGoodbye();
  socket_.shutdown(Socket::shutdown_send, error);
  Arm(Wait::kLinger, kLingerSilence);
  const base::MonoTime end = loop_.now() + kLingerTime;
  // Below TLS: what its records say is of no interest any more.
  const auto waste = std::make_unique_for_overwrite<char[]>(kLingerRoom);
  for (std::size_t read = 0; !error && !timed_out_;) {
    if (read >= kLingerBytes) {
      // Enough is read: what is left stays with the kernel until the client or the clock ends it.
      co_await socket_.async_wait(Socket::wait_error,
                                  asio::redirect_error(asio::use_awaitable, error));
      break;
    }
    read += co_await socket_.async_read_some(asio::buffer(waste.get(), kLingerRoom),
                                             asio::redirect_error(asio::use_awaitable, error));
    if (!timed_out_) wait_ends_ = std::min(loop_.now() + kLingerSilence, end);
  }
  Disarm();
}

bool Wire::HasInput() {
  error_code ignored;
  return socket_.available(ignored) > 0;
}

bool Wire::PeerGone() {
  if (tls_) return tls_->PeerGone();
  char byte;
  const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

bool Wire::PeerReset() {
  pollfd entry{socket_.native_handle(), 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLERR | POLLHUP)) != 0;
}

void Wire::Interrupt() {
  interrupted_ = true;
  wait_ = Wait::kNothing;
  error_code ignored;
  socket_.cancel(ignored);
}

void Wire::Close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace sampleproc::http
