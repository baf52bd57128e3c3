#include <string>
#include <string_view>

#include "config/schema_rows.h"
#include "http/listen_socket.h"

namespace sampleproc::config {
namespace {

std::string WrongSocketMode(std::string_view text) {
  if (text.empty() || http::ParseSocketMode(text)) return "";
  return "is no number in octal digits up to \"0777\", such as \"660\"";
}

void AddListenRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "http.host",
            .kind = Kind::kString,
            .min = 1,
            .max = 255,
            .help = "Address or name to listen on. The default is reached from this machine only; "
                    "\"0.0.0.0\" or \"::\" opens the service to every network the machine is on."},
           [](auto& c) -> auto& { return c.http.host; }));
  rows.push_back(
      Bind({.path = "http.port",
            .kind = Kind::kInt,
            .original_names = {{"PORT"}},
            .max = 65'535,
            .help = "TCP port to listen on. 0 takes any free one; the start line says which."},
           [](auto& c) -> auto& { return c.http.port; }));
  rows.push_back(Bind(
      {.path = "http.unix_socket",
       .kind = Kind::kString,
       .max = 107,
       .help = "Path of a Unix socket to listen on as well, always without TLS. Who may connect "
               "is decided by its permissions and those of its folder. Empty is none."},
      [](auto& c) -> auto& { return c.http.unix_socket; }));
  rows.push_back(
      Bind({.path = "http.unix_socket_mode",
            .kind = Kind::kString,
            .max = 4,
            .help = "Permissions of http.unix_socket in octal digits: \"660\" lets its owner and "
                    "group connect. Empty leaves them to the umask.",
            .wrong = &WrongSocketMode,
            .range = "octal digits up to \"0777\", or empty"},
           [](auto& c) -> auto& { return c.http.unix_socket_mode; }));
  rows.push_back(
      Bind({.path = "http.tls_cert",
            .kind = Kind::kString,
            .max = 4096,
            .help = "PEM file with the certificate and its chain: TLS 1.2 and 1.3 instead of plain "
                    "HTTP. Read again on reload; connections keep the one they began with.",
            .reloadable = true,
            .file = true},
           [](auto& c) -> auto& { return c.http.tls_cert; }));
  rows.push_back(
      Bind({.path = "http.tls_key",
            .kind = Kind::kString,
            .max = 4096,
            .help = "PEM file with the key of http.tls_cert; empty when that holds both.",
            .reloadable = true,
            .secret_file = true},
           [](auto& c) -> auto& { return c.http.tls_key; }));
  rows.push_back(Bind(
      {.path = "http.io_threads",
       .kind = Kind::kInt,
       .max = 64,
       .unit = "threads",
       .zero_word = "auto",
       .help = "Threads that read and write sockets; they never work on a frame. \"auto\" is one "
               "for each two CPUs. More help only when thousands of clients send small frames."},
      [](auto& c) -> auto& { return c.http.io_threads; }));
}

void AddLimitRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "http.max_request_bytes",
       .kind = Kind::kSize,
       .min = kKiB,
       .max = kGiB,
       .help = "Largest body of a request; a larger one is refused with 413 before it is read. "
               "Each request that is being received may take this much of the memory budget.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.max_request_bytes; }));
  rows.push_back(Bind(
      {.path = "http.max_frame_data_chars",
       .kind = Kind::kInt,
       .min = 4,
       .max = 1'000'000'000,
       .unit = "characters",
       .help = "Longest frame_data of a JSON request, in base64 characters; four of them carry "
               "three bytes of picture. A longer one is refused with 422.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.frame.max_frame_data_chars; }));
  rows.push_back(Bind(
      {.path = "http.max_metadata_bytes",
       .kind = Kind::kSize,
       .min = 2,
       .max = 100 * kMiB,
       .help = "Largest metadata of a request, counted as compact JSON in UTF-8. A larger one is "
               "refused with 422.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.frame.max_metadata_bytes; }));
  rows.push_back(
      Bind({.path = "http.max_json_depth",
            .kind = Kind::kInt,
            .min = 3,
            .max = 256,
            .unit = "levels",
            .help = "Deepest nesting of objects and lists in a JSON request; the outermost is 1.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.frame.max_json_depth; }));
  rows.push_back(Bind(
      {.path = "http.max_json_nodes",
       .kind = Kind::kInt,
       .min = 3,
       .max = 10'000'000,
       .unit = "values",
       .help = "Most values of all kinds in a JSON request, keys not counted. Each costs time and "
               "memory before anything is known about the frame.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.frame.max_json_nodes; }));
  rows.push_back(
      Bind({.path = "http.max_head_bytes",
            .kind = Kind::kSize,
            .min = kKiB,
            .max = kMiB,
            .help = "Largest head of a request, request line and fields together; a larger one is "
                    "refused with 431. Each connection may take this much memory.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.http.max_head_bytes; }));
  rows.push_back(Bind({.path = "http.max_fields",
                       .kind = Kind::kInt,
                       .min = 8,
                       .max = 10'000,
                       .unit = "fields",
                       .help = "Most header fields of a request; more are refused with 431.",
                       .reloadable = true},
                      [](auto& c) -> auto& { return c.http.max_fields; }));
  rows.push_back(
      Bind({.path = "http.max_target_bytes",
            .kind = Kind::kSize,
            .min = 64,
            .max = kMiB,
            .help = "Longest request target, path and query together; a longer one is refused with "
                    "414.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.http.max_target_bytes; }));
}

void AddConnectionRows(std::vector<Key>& rows) {
  rows.push_back(Bind(
      {.path = "http.max_connections",
       .kind = Kind::kInt,
       .max = 1'000'000,
       .unit = "connections",
       .zero_word = "auto",
       .help =
           "Most connections at once; one more is answered 503 and closed. \"auto\" is the limit "
           "of open files less 64, so that logs and pictures can always be opened, but no more "
           "than a third of resources.memory_limit has room for if each sends a head of "
           "http.max_head_bytes."},
      [](auto& c) -> auto& { return c.http.max_connections; }));
  rows.push_back(Bind(
      {.path = "http.max_connections_per_client",
       .kind = Kind::kInt,
       .max = 1'000'000,
       .unit = "connections",
       .zero_word = "off",
       .help = "Most connections at once of one IPv4 address or IPv6 /64. Leave it off behind a "
               "proxy: all its clients come from the one address."},
      [](auto& c) -> auto& { return c.http.max_connections_per_client; }));
  rows.push_back(Bind(
      {.path = "http.max_requests_per_connection",
       .kind = Kind::kInt,
       .max = 1'000'000'000,
       .unit = "requests",
       .zero_word = "off",
       .help = "Requests of one connection, which is closed with the last one's answer, so that "
               "clients spread anew over the instances there are.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.max_requests_per_connection; }));
}

void AddTimeoutRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "http.header_timeout",
            .kind = Kind::kDuration,
            .min = kMs,
            .max = 5 * kMinute,
            .help = "Longest time from the first byte of a request's head to its last. Longer lets "
                    "slow senders hold connections open.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.http.header_timeout; }));
  rows.push_back(Bind(
      {.path = "http.body_timeout",
       .kind = Kind::kDuration,
       .min = kMs,
       .max = 5 * kMinute,
       .help = "Longest silence within the body of a request. Raise it for cameras on bad links; "
               "the body's memory stays taken meanwhile.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.body_timeout; }));
  rows.push_back(Bind(
      {.path = "http.body_min_rate",
       .kind = Kind::kSize,
       .max = kGiB,
       .help = "Bytes a second that a body must keep to on average, looked at once it has taken "
               "http.body_rate_grace; a slower one is ended with 408. 0 is none.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.body_min_rate; }));
  rows.push_back(Bind({.path = "http.body_rate_grace",
                       .kind = Kind::kDuration,
                       .min = kMs,
                       .max = kHour,
                       .help = "How long a body may take before http.body_min_rate is looked at.",
                       .reloadable = true},
                      [](auto& c) -> auto& { return c.http.body_rate_grace; }));
  rows.push_back(
      Bind({.path = "http.tls_handshake_timeout",
            .kind = Kind::kDuration,
            .min = kMs,
            .max = 5 * kMinute,
            .help = "Longest time of a TLS handshake, after which the connection is closed.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.http.tls_handshake_timeout; }));
  rows.push_back(Bind({.path = "http.write_timeout",
                       .kind = Kind::kDuration,
                       .min = kMs,
                       .max = 5 * kMinute,
                       .help = "Longest time for which a client may take nothing of its answer.",
                       .reloadable = true},
                      [](auto& c) -> auto& { return c.http.write_timeout; }));
  rows.push_back(Bind(
      {.path = "http.write_min_rate",
       .kind = Kind::kSize,
       .max = kGiB,
       .zero_word = "off",
       .help = "Bytes a second at which a client must take an answer, looked at once it has taken "
               "http.body_rate_grace; a slower one is cut off.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.write_min_rate; }));
  rows.push_back(Bind(
      {.path = "http.idle_timeout",
       .kind = Kind::kDuration,
       .min = kMs,
       .max = kHour,
       .help = "How long a connection stays open between two requests. Keep it longer than the "
               "idle timeout of a load balancer in front (usually 60s), or the balancer will "
               "sometimes send a request into a connection that has just been closed.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.idle_timeout; }));
  rows.push_back(Bind(
      {.path = "http.request_deadline",
       .kind = Kind::kDuration,
       .min = kMs,
       .max = kHour,
       .help = "Longest time from the last byte of a request to its answer; then it is 504 and "
               "the work is cancelled.",
       .reloadable = true},
      [](auto& c) -> auto& { return c.http.request_deadline; }));
}

void AddApiRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "api.max_batch_frames",
            .kind = Kind::kInt,
            .min = 1,
            .max = 1000,
            .unit = "frames",
            .help = "Most frames of one POST /process-batch; more are refused with 422. A batch "
                    "is one request: all of it together keeps to http.max_request_bytes and "
                    "http.max_json_nodes.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.frame.max_batch_frames; }));
}

}  // namespace

void AddHttpRows(std::vector<Key>& rows) {
  AddListenRows(rows);
  AddHttpAccessRows(rows);
  AddLimitRows(rows);
  AddConnectionRows(rows);
  AddTimeoutRows(rows);
  AddApiRows(rows);
}

}  // namespace sampleproc::config
