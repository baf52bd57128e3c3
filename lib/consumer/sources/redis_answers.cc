#include "consumer/sources/redis_answers.h"

#include <charconv>
#include <string_view>

#include "consumer/sources/redis_scripts.h"

namespace sampleproc::consumer {

using net::RedisReply;
using std::chrono::milliseconds;

std::vector<GroupMember> ReadMembers(const RedisReply& reply) {
  std::vector<GroupMember> members;
  for (const RedisReply& each : reply.elements) {
    GroupMember member;
    for (std::size_t i = 0; i + 1 < each.elements.size(); i += 2) {
      const std::string& key = each.elements[i].text;
      const RedisReply& value = each.elements[i + 1];
      if (key == "name") member.name = value.text;
      if (key == "pending") member.pending = value.integer;
      if (key == "idle") member.idle = milliseconds(value.integer);
    }
    members.push_back(std::move(member));
  }
  return members;
}

// An idle time is by the clock of Redis' machine, so it may be a little less than was set.
bool WasGivenBack(const RedisReply& pending) {
  constexpr std::string_view kText = kGivenBackIdle;
  std::int64_t given_back = 0;
  std::from_chars(kText.data(), kText.data() + kText.size(), given_back);
  return pending.elements[2].integer >= given_back / 2 || pending.elements[3].integer == 0;
}

std::pair<std::uint64_t, std::uint64_t> OrderOf(const std::string& id) {
  std::pair<std::uint64_t, std::uint64_t> order;
  const char* const end = id.data() + id.size();
  const char* const dash = std::from_chars(id.data(), end, order.first).ptr;
  if (dash < end) std::from_chars(dash + 1, end, order.second);
  return order;
}

}  // namespace sampleproc::consumer
