#include "loadtest/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "base/descriptor.h"

namespace sampleproc::loadtest {
namespace {

template <typename T>
Address ListenAt(const base::Descriptor& socket, T local) {
  auto* const address = reinterpret_cast<sockaddr*>(&local);
  socklen_t size = sizeof local;
  REQUIRE(::bind(socket.get(), address, size) == 0);
  REQUIRE(::listen(socket.get(), 4) == 0);
  REQUIRE(::getsockname(socket.get(), address, &size) == 0);
  Address made;
  std::memcpy(&made.storage, &local, size);
  made.size = size;
  return made;
}

sockaddr_in Loopback() {
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return local;
}

}  // namespace

TEST_CASE("listener: the process that has the socket is the one, its parent is not") {
  base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address address = ListenAt(socket, Loopback());
  CHECK(ListensAt(::getpid(), address));
  const auto other = ListensAt(::getppid(), address);
  REQUIRE_FALSE(other);
  CHECK(other.error().message.contains("was not touched"));
  socket.reset();
  CHECK_FALSE(ListensAt(::getpid(), address));
}

TEST_CASE("listener: the same of a Unix socket") {
  const base::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  const std::string path = "/tmp/sampleproc-listener-" + std::to_string(::getpid());
  std::ranges::copy(path, local.sun_path);
  const Address address = ListenAt(socket, local);
  ::unlink(path.c_str());
  CHECK(ListensAt(::getpid(), address));
  CHECK_FALSE(ListensAt(::getppid(), address));
}

TEST_CASE("listener: a process that is not there listens nowhere") {
  const base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Address address = ListenAt(socket, Loopback());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(ListensAt(child, address));
}

}  // namespace sampleproc::loadtest
