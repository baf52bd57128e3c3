#include "net/tls_relay.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sampleproc::net {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kRoom = 32 * 1024;
constexpr std::chrono::milliseconds kFarewell{300};

std::unexpected<base::Error> NoPort(int error) {
  return base::Fail(
      ErrorCode::kUnavailable,
      std::string("no port of the loopback is to be had for it: ") + std::strerror(error));
}

enum class Moved { kSome, kNothing, kEnd };

// What has come from the one, all of it to the other.
Result<Moved> Move(Stream& from, Stream& to, std::span<char> room,
                   const base::Allowance& allowance) {
  const base::Allowance now{.deadline = base::Deadline(base::SystemClock(), {})};
  const Result<std::size_t> got = from.Read(room, now);
  if (!got && got.error().code == ErrorCode::kRequestTimeout) return Moved::kNothing;
  if (!got) return std::unexpected(got.error());
  if (*got == 0) return Moved::kEnd;
  if (auto sent = to.Write({room.data(), *got}, allowance); !sent) {
    return std::unexpected(sent.error());
  }
  return Moved::kSome;
}

}  // namespace

Result<std::unique_ptr<TlsRelay>> TlsRelay::Open(const Endpoint& peer, const TlsTrust& trust,
                                                 const base::Allowance& allowance) {
  std::unique_ptr<TlsRelay> relay(new TlsRelay());
  const Result<int> socket = ConnectSocket(peer, allowance);
  if (!socket) return std::unexpected(socket.error());
  auto secure = StartTlsStream(base::Descriptor(*socket), trust, allowance);
  if (!secure) return std::unexpected(secure.error());
  relay->peer_ = std::move(*secure);
  relay->peer_socket_ = *socket;
  if (auto listens = relay->Listen(); !listens) return std::unexpected(listens.error());
  try {
    relay->thread_ = std::thread([&self = *relay] { self.Run(); });
  } catch (const std::system_error& error) {
    return base::Fail(ErrorCode::kUnavailable, std::string("no thread: ") + error.what());
  }
  return relay;
}

TlsRelay::~TlsRelay() {
  if (!thread_.joinable()) return;
  (void)WaitFor(ended_.get(), POLLIN, base::Allowance().Within(kFarewell));
  stop_.Cancel();
  ::eventfd_write(stopped_.get(), 1);
  thread_.join();
}

Result<void> TlsRelay::Listen() {
  stopped_ = base::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ended_ = base::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  listener_ = base::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (stopped_.get() < 0 || ended_.get() < 0 || listener_.get() < 0) return NoPort(errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // A reinterpretation that the interface of sockets asks for.
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), 1) != 0 ||
      ::getsockname(listener_.get(), any, &size) != 0) {
    return NoPort(errno);
  }
  port_ = ntohs(address.sin_port);
  return {};
}

void TlsRelay::Run() noexcept {
  try {
    (void)Relay();  // why it ends is seen by its user, whose connection is closed
  } catch (const std::exception&) {
    // No memory: as if the peer had gone.
  }
  listener_.reset();
  peer_.reset();
  ::eventfd_write(ended_.get(), 1);
}

Result<void> TlsRelay::Relay() {
  const base::Allowance allowance{.cancel = stop_};
  if (auto came = WaitFor(listener_.get(), POLLIN, allowance); !came) return came;
  base::Descriptor accepted(
      ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (accepted.get() < 0) return NoPort(errno);
  listener_.reset();
  const int socket = accepted.get();
  const auto user = MakeStream(std::move(accepted));
  std::vector<char> room(kRoom);
  while (true) {
    const auto sent = Move(*user, *peer_, room, allowance);
    if (!sent || *sent == Moved::kEnd) return {};
    const auto got = Move(*peer_, *user, room, allowance);
    if (!got || *got == Moved::kEnd) return {};
    if (*sent == Moved::kSome || *got == Moved::kSome) continue;
    if (auto ready = AwaitEither(socket); !ready) return ready;
  }
}

Result<void> TlsRelay::AwaitEither(int user) const {
  std::array<pollfd, 3> entries{pollfd{user, POLLIN, 0}, pollfd{peer_socket_, POLLIN, 0},
                                pollfd{stopped_.get(), POLLIN, 0}};
  const int ready = ::poll(entries.data(), entries.size(), -1);
  if ((ready < 0 && errno != EINTR) || entries[2].revents != 0) {
    return base::Fail(ErrorCode::kCancelled, "it is to end");
  }
  return {};
}

}  // namespace sampleproc::net
