// What Redis' answers about a consumer group say.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/redis_client.h"

namespace sampleproc::consumer {

struct GroupMember {
  std::string name;
  std::int64_t pending = 0;
  std::chrono::milliseconds idle{0};
};

// Of the answer to XINFO CONSUMERS: for each name and value in turn, and whatever a later version
// adds.
std::vector<GroupMember> ReadMembers(const net::RedisReply& reply);

// Of an entry in an answer to XPENDING: somebody gave it back, and nobody has had it since.
bool WasGivenBack(const net::RedisReply& pending);

// What entries are in order of: an id is "<milliseconds>-<number>".
std::pair<std::uint64_t, std::uint64_t> OrderOf(const std::string& id);

}  // namespace sampleproc::consumer
