// What is said to Redis to settle an entry of a stream.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "consumer/frame_source.h"
#include "consumer/options.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// What is known of earlier tries of a settlement: it may have been done, or was but for the
// deletion of the entry, which was refused.
enum class Sent : std::uint8_t { kNever, kBefore, kDeletionLeft };

// An entry that this consumer has been handed.
struct HandedOut {
  const std::string& id;
  int deliveries = 1;
  const std::string& consumer;
  const std::string& processor_id;
  Sent sent = Sent::kNever;
};

// The script that does it, see redis_scripts.h; its answer is 1 when the entry was to be settled.
net::RedisCommand SettlingCommand(const Settlement& settled, const HandedOut& entry,
                                  const RedisOptions& options, base::WallTime now);

// The same kind of settlement, of an entry that is never there: it changes nothing. Its answer
// shows that settlements reach Redis, and that it does not refuse all of them.
net::RedisCommand HarmlessCommand(Ending ending, const HandedOut& entry,
                                  const RedisOptions& options, base::WallTime now);

}  // namespace sampleproc::consumer
