#include "http/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "http/loop.h"
#include "http/session.h"

namespace sampleproc::http {
namespace {

using boost::system::error_code;

constexpr int kBatch = 64;  // then connections there are get their turn
constexpr std::chrono::milliseconds kPause{100};

// What is on its way between a client's SYN and the end of its handshake: a round trip.
constexpr std::chrono::milliseconds kHandshakes{100};

base::Descriptor OpenSpare() { return base::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

Acceptor::Acceptor(Loop& loop, ListenSocket socket)
    : loop_(loop),
      socket_(std::move(socket)),
      listener_(loop.io(), socket_.fd.get()),
      pause_(loop.io()),
      handshakes_(loop.io()) {
  FillSpare();
}

Acceptor::~Acceptor() { Close(); }

void Acceptor::Start() { Wait(); }

void Acceptor::Wait() {
  listener_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    waiting_ = false;
    if (error) return;
    TakeBatch();
  });
  waiting_ = true;
}

void Acceptor::Revive() {
  if (!waiting_ && listener_.is_open()) Wait();
}

void Acceptor::TakeBatch() {
  for (int i = 0; i < kBatch; ++i) {
    const Taken taken = TakeOne();
    if (taken == Taken::kNone) break;
    if (taken == Taken::kPause) {
      pause_.expires_after(kPause);
      pause_.async_wait([this](error_code cancelled) {
        waiting_ = false;
        if (!cancelled && listener_.is_open()) Wait();
      });
      waiting_ = true;
      return;
    }
  }
  Wait();
}

Acceptor::Taken Acceptor::TakeOne() {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  base::Descriptor fd(::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  try {
    if (fd.get() < 0) return OnError(errno);
    const Address peer = ToAddress(from);
    auto place = loop_.shared().limits.Enter(peer);
    if (place) {
      Admit(std::move(fd), peer, std::move(*place));
    } else if (loop_.CloseOneOver()) {
      Admit(std::move(fd), peer, loop_.shared().limits.EnterOver(peer));
    } else {
      loop_.shared().limits.CountUntold();
    }
  } catch (const std::exception& failure) {
    loop_.context().log.Error("a connection could not be begun",
                              {{"error", std::string_view(failure.what())}});
  }
  return Taken::kOne;
}

void Acceptor::Admit(base::Descriptor fd, const Address& peer, ConnectionLimits::Place place) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &size);
  std::unique_ptr<TlsStream> tls;
  const auto context = socket_.is_unix ? nullptr : loop_.shared().Tls();
  if (context) tls = context->Accept(fd.get());
  Wire::Socket socket(loop_.io());
  socket.assign({own.ss_family, 0}, fd.get());
  (void)fd.release();
  Session::Begin(loop_, {std::move(place), std::move(socket), std::move(tls), peer, ToAddress(own),
                         socket_.inherited});
}

Acceptor::Taken Acceptor::OnError(int error) {
  switch (error) {
    case EAGAIN:
      return Taken::kNone;
    case EMFILE:
    case ENFILE:
      loop_.NoteAcceptFailure(error);
      return TakeWithSpare();
    case ENOBUFS:
    case ENOMEM:
    case EBADF:
    case ENOTSOCK:
      loop_.NoteAcceptFailure(error);
      return Taken::kPause;
    case EINVAL:  // empty, and nobody new is let in: see RefuseNew
      return Taken::kPause;
    default:
      return Taken::kOne;  // of the one connection, gone by now: accept(2), "Error handling"
  }
}

void Acceptor::FillSpare() {
  for (base::Descriptor& spare : spare_) {
    if (spare.get() < 0) spare = OpenSpare();
  }
}

Acceptor::Taken Acceptor::TakeWithSpare() {
  FillSpare();
  const auto spare =
      std::ranges::find_if(spare_, [](const base::Descriptor& fd) { return fd.get() >= 0; });
  if (spare == spare_.end()) return Taken::kPause;
  spare->reset();
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  base::Descriptor fd(::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.get() < 0) {
    FillSpare();
    return errno == EAGAIN ? Taken::kNone : Taken::kPause;
  }
  const Address peer = ToAddress(from);
  Admit(std::move(fd), peer, loop_.shared().limits.EnterOver(peer));
  return Taken::kOne;
}

void Acceptor::Finish() {
  Leave();
  if (!listener_.is_open()) return;
  RefuseNew(socket_);
  const auto take_the_rest = [this](error_code cancelled) {
    if (cancelled || !listener_.is_open()) return;
    while (TakeOne() == Taken::kOne) {
    }
    Close();
  };
  if (socket_.is_unix) return take_the_rest({});
  handshakes_.expires_after(kHandshakes);
  handshakes_.async_wait(take_the_rest);
}

void Acceptor::Leave() {
  if (socket_.inherited) Close();
}

void Acceptor::Close() {
  error_code ignored;
  pause_.cancel(ignored);
  handshakes_.cancel(ignored);
  if (!listener_.is_open()) return;
  (void)listener_.release();
  socket_.fd.reset();
  if (!socket_.unlink.empty()) ::unlink(socket_.unlink.c_str());
  loop_.NoteClosed();
}

}  // namespace sampleproc::http
