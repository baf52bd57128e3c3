// Where the server listens and what a client may ask of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sampleproc::http {

// Whether the status page and the pictures of cameras are served; see http/console.h.
enum class Console { kAuto, kOn, kOff };

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8099;  // 0 = any free one; the start line says which

  // Whole body of a request, refused by its declared length before it is read, or while it arrives
  // in chunks. It leaves room for the largest frame_data and metadata with their JSON around them.
  std::size_t max_request_bytes = 10'485'760;

  // Head of a request. Larger ones are refused with 431, a longer target with 414.
  std::size_t max_head_bytes = 16'384;
  std::size_t max_fields = 100;
  std::size_t max_target_bytes = 8'192;

  // From the first byte of a request's head to its last.
  std::chrono::milliseconds header_timeout{10'000};
  // Longest silence within a body.
  std::chrono::milliseconds body_timeout{10'000};
  // Bytes a second that a body must keep to on average, looked at once it has taken the grace. A
  // sender below it holds memory for nothing. 0 = none.
  std::size_t body_min_rate = 1'024;
  std::chrono::milliseconds body_rate_grace{5'000};
  // From a TLS connection's first byte to the end of its handshake.
  std::chrono::milliseconds tls_handshake_timeout{5'000};
  // Longest silence while an answer is being taken.
  std::chrono::milliseconds write_timeout{10'000};
  // Bytes a second that a reader must take on average, looked at once an answer has waited for
  // the grace of bodies. 0 = none.
  std::size_t write_min_rate = 1'024;
  // Between two requests of one connection: longer than the usual load balancer's 60 s, so that it
  // is the balancer that closes and never meets a connection we have just closed.
  std::chrono::milliseconds idle_timeout{75'000};
  // From the last byte of a request to its answer; then it is 504.
  std::chrono::milliseconds request_deadline{30'000};

  // Requests of one connection, which then is closed: no client keeps one for ever. 0 = no limit.
  int max_requests_per_connection = 1'000;
  // Connections at once; one more is told so and closed. 0 = as many as files may be open, less
  // 64, and as a third of the memory limit has room for if each sends a head of max_head_bytes. For
  // each client (IPv4 address or IPv6 /64) 0 = no limit; behind a proxy, whose address all clients
  // then share, it must stay 0.
  std::size_t max_connections = 0;
  std::size_t max_connections_per_client = 0;

  // Listen here as well; "" = no. TLS and client addresses do not exist on it.
  std::string unix_socket;
  // Its permissions in octal digits, "660"; "" = what the umask leaves.
  std::string unix_socket_mode;

  // PEM files of the certificate with its chain and of its key (the same file when that is empty).
  // "" = no TLS.
  std::string tls_cert;
  std::string tls_key;

  // Hosts that requests may be addressed to, besides those that are always right; see
  // host_patterns.h for the patterns.
  std::vector<std::string> allowed_hosts;

  // Origins whose pages may ask, as browsers send them, or "*"; empty = none.
  std::vector<std::string> cors_origins;
  // Whether those pages may send what the browser keeps for us; never together with "*".
  bool cors_credentials = false;

  // For each caller, in any 60 s. 0 = no limit.
  std::uint32_t max_requests_per_minute = 60;
  // Networks whose X-Forwarded-For says who the caller is; see client_address.h.
  std::vector<std::string> trusted_proxies;

  // Hashes of the bearer tokens that let in (token_table.h); empty = everybody may ask.
  std::string auth_tokens_file;

  // GET /console, and GET /cameras/{id}/latest.jpg.
  Console console = Console::kAuto;

  // A log line for every request.
  bool access_log = true;

  // Threads that read and write sockets, each with its own event loop. 0 means one for each two
  // CPUs. They never do a frame's work.
  int io_threads = 0;
};

}  // namespace sampleproc::http
