#include "consumer/sources/redis_rights.h"

#include <cstddef>
#include <vector>

#include "net/redis_refusal.h"

namespace sampleproc::consumer {
namespace {

using net::RedisCommand;
using net::RedisReply;

struct Trial {
  std::string name;
  const std::string& key;
  RedisCommand command;
};

std::vector<Trial> Trials(const RedisOptions& options, const std::string& consumer) {
  const std::string& stream = options.stream;
  const std::string& group = options.group;
  const std::string nowhere = "0-0";
  std::vector<Trial> trials = {
      {"EVAL", stream, {"EVAL", "return 1", "1", stream}},
      {"XPENDING", stream, {"XPENDING", stream, group, nowhere, nowhere, "1"}},
      {"XRANGE", stream, {"XRANGE", stream, nowhere, nowhere}},
      {"XCLAIM", stream, {"XCLAIM", stream, group, consumer, "0", nowhere, "JUSTID"}},
      {"XACK", stream, {"XACK", stream, group, nowhere}},
      {"XINFO|CONSUMERS", stream, {"XINFO", "CONSUMERS", stream, group}},
      {"XINFO|GROUPS", stream, {"XINFO", "GROUPS", stream}},
      {"XGROUP|CREATE", stream, {"XGROUP", "CREATE", stream, group, "no id"}},
      {"XGROUP|DELCONSUMER", stream, {"XGROUP", "DELCONSUMER", stream, group, ""}},
  };
  if (options.delete_settled) trials.push_back({"XDEL", stream, {"XDEL", stream, nowhere}});
  for (const std::string* const key : {&options.results_stream, &options.dlq_stream}) {
    trials.push_back({"XADD", *key, {"XADD", *key, "no id", "name", "value"}});
  }
  const std::string& letters = options.dlq_stream;
  trials.push_back({"XLEN", letters, {"XLEN", letters}});
  trials.push_back({"XTRIM", letters, {"XTRIM", letters, "MAXLEN", "no number"}});
  trials.push_back({"MEMORY|USAGE", letters, {"MEMORY", "USAGE", letters}});
  return trials;
}

}  // namespace

base::Result<void> CheckRights(net::RedisClient& client, const RedisOptions& options,
                               const std::string& consumer, const base::Allowance& allowance) {
  const std::vector<Trial> trials = Trials(options, consumer);
  std::vector<RedisCommand> commands;
  for (const Trial& each : trials) commands.push_back(each.command);
  const auto replies = client.Ask(commands, allowance);
  if (!replies) return {};
  std::string lacking;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const RedisReply& reply = (*replies)[i];
    if (reply.kind != RedisReply::Kind::kError || net::RefusalOf(reply.text).word != "NOPERM") {
      continue;
    }
    if (!lacking.empty()) lacking += ", ";
    lacking.append(trials[i].name).append(" of ").append(trials[i].key);
  }
  if (lacking.empty()) return {};
  return base::Fail(base::ErrorCode::kConfig,
                    "this user of Redis lacks rights that README.md lists: " + lacking);
}

}  // namespace sampleproc::consumer
