// How a consumer of a group shows that it is there.
#pragma once

#include <string>

#include "consumer/options.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// Redis 7.0 knows a consumer from its first frame on, and does not take a blocked read for a sign
// of life. Asking for what is in hand is one. It is asked for behind the last id there can be: an
// entry that were found, such as one that was given back, would count as handed out anew, and never
// be idle for as long as a claim wants. Redis looks from the id after it on, so it is the last but
// one.
inline net::RedisCommand SignOfLife(const RedisOptions& options, const std::string& consumer) {
  return {"XREADGROUP", "GROUP",        options.group,
          consumer,     "COUNT",        "1",
          "STREAMS",    options.stream, "18446744073709551615-18446744073709551614"};
}

}  // namespace sampleproc::consumer
