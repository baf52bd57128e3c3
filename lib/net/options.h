// How the service connects to others.
#pragma once

#include <chrono>

namespace sampleproc::net {

struct Options {
  // Connections kept for one upstream, in use and idle together. More only helps when requests wait
  // for one; each costs a socket on both sides.
  int pool_size = 10;

  // Longest time until a connection stands, TLS included.
  std::chrono::milliseconds connect_timeout{30'000};

  // Longest silence while an answer is awaited or arrives.
  std::chrono::milliseconds read_timeout{60'000};

  // How long an address that was looked up is used again. A failed connect looks it up at once.
  std::chrono::milliseconds dns_ttl{300'000};
};

}  // namespace sampleproc::net
