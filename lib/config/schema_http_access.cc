#include "config/schema_rows.h"

namespace sampleproc::config {

void AddHttpAccessRows(std::vector<Key>& rows) {
  rows.push_back(
      Bind({.path = "http.allowed_hosts",
            .kind = Kind::kStringList,
            .original_names = {{"ALLOWED_HOSTS"}},
            .max = 1000,
            .help = "Hosts that requests may name in their Host field: exactly, as "
                    "\"*.example.com\" (every name below example.com) or \"*\" (any). Always "
                    "right are localhost, service.name, the machine's name and the address a "
                    "connection came in on. Others are refused with 400."},
           [](auto& c) -> auto& { return c.http.allowed_hosts; }));
  rows.push_back(Bind(
      {.path = "http.cors_origins",
       .kind = Kind::kStringList,
       .original_names = {{"CORS_ORIGINS"}},
       .max = 1000,
       .help = "Origins whose web pages may ask, such as \"https://app.example.com\", or \"*\" for "
               "any. Clients other than browsers do not need to be here."},
      [](auto& c) -> auto& { return c.http.cors_origins; }));
  rows.push_back(
      Bind({.path = "http.cors_credentials",
            .kind = Kind::kBool,
            .help = "Whether pages of http.cors_origins may send cookies and other credentials "
                    "that the browser keeps. Not together with \"*\"."},
           [](auto& c) -> auto& { return c.http.cors_credentials; }));
  rows.push_back(Bind({.path = "http.max_requests_per_minute",
                       .kind = Kind::kInt,
                       .original_names = {{"MAX_REQUESTS_PER_MINUTE"}},
                       .max = 60'000,
                       .unit = "requests",
                       .help = "Most requests of one client in any 60 seconds; probes, /metrics "
                               "and reading cameras and "
                               "events (not clips) do not count. More are refused with 429. A "
                               "client is its bearer token if it shows a known one, "
                               "else its address (IPv6: its /64 network). 0 is no limit."},
                      [](auto& c) -> auto& { return c.http.max_requests_per_minute; }));
  rows.push_back(
      Bind({.path = "http.trusted_proxies",
            .kind = Kind::kStringList,
            .max = 1000,
            .help = "Addresses and networks (\"10.0.0.0/8\") of the proxies in front, and \"unix\" "
                    "for those on a unix socket: their X-Forwarded-For says who the client is. "
                    "Without it all clients behind a proxy share one rate limit; with networks "
                    "that clients are in, they can choose their address."},
           [](auto& c) -> auto& { return c.http.trusted_proxies; }));
  rows.push_back(
      Bind({.path = "http.auth_tokens_file",
            .kind = Kind::kString,
            .max = 4096,
            .help = "File of SHA-256 hashes, 64 hexadecimal digits a line, of the bearer tokens "
                    "that let a client in; empty lets everybody in. Made by printf %s "
                    "\"$TOKEN\" | sha256sum. Probes need no token.",
            .file = true},
           [](auto& c) -> auto& { return c.http.auth_tokens_file; }));
  rows.push_back(
      Bind({.path = "http.console",
            .kind = Kind::kEnum,
            .words = {"auto", "on", "off"},
            .help = "Whether GET /console, the status page, and GET /cameras/{id}/latest.jpg, the "
                    "pictures it shows, are there. \"auto\" is on where not everybody sees them: "
                    "with http.auth_tokens_file, or when http.host is a loopback address and no "
                    "http.trusted_proxies are named.",
            .reloadable = true},
           [](auto& c) -> auto& { return c.http.console; }));
  rows.push_back(
      Bind({.path = "http.access_log",
            .kind = Kind::kBool,
            .help = "Whether each request is a line in the log: at level info, of one that ends in "
                    "500 error, in 502 to 504 warning. None is left out, however many "
                    "there are. When it is off, a frame that fails is a line all the same: of "
                    "many in a row the first ten of each level."},
           [](auto& c) -> auto& { return c.http.access_log; }));
}

}  // namespace sampleproc::config
