#include "config/schema_rows.h"

namespace sampleproc::config {

void AddNetRows(std::vector<Key>& rows) {
  rows.push_back(Bind({.path = "net.pool_size",
                       .kind = Kind::kInt,
                       .original_names = {{"CONNECTION_POOL_SIZE"}},
                       .min = 1,
                       .max = 1000,
                       .unit = "connections",
                       .help = "Most connections to one upstream. More only helps when requests "
                               "wait for one."},
                      [](auto& c) -> auto& { return c.net.pool_size; }));
  rows.push_back(
      Bind({.path = "net.connect_timeout",
            .kind = Kind::kDuration,
            .original_names = {{"CONNECTION_TIMEOUT", kSecond}},
            .min = kMs,
            .max = 10 * kMinute,
            .help = "Longest time until a connection to an upstream stands; to Redis at most "
                    "2.5s, so that one that is back is found soon."},
           [](auto& c) -> auto& { return c.net.connect_timeout; }));
  rows.push_back(Bind({.path = "net.read_timeout",
                       .kind = Kind::kDuration,
                       .original_names = {{"READ_TIMEOUT", kSecond}},
                       .min = kMs,
                       .max = 10 * kMinute,
                       .help = "Longest silence while an upstream's answer is awaited or arrives."},
                      [](auto& c) -> auto& { return c.net.read_timeout; }));
  rows.push_back(
      Bind({.path = "net.dns_ttl",
            .kind = Kind::kDuration,
            .max = 24 * kHour,
            .help = "How long an address that was looked up is used again; 0 looks it up "
                    "each time. A failed connect looks it up at once."},
           [](auto& c) -> auto& { return c.net.dns_ttl; }));
}

}  // namespace sampleproc::config
