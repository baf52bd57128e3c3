#include "consumer/sinks/stream_target.h"

#include <vector>

#include "consumer/result_entry.h"

namespace sampleproc::consumer {

using base::Result;
using net::RedisCommand;
using net::RedisReply;

Result<SinkTarget::Settled> StreamTarget::Deliver(std::span<const ResultRecord* const> records,
                                                  const base::Allowance& allowance) {
  std::vector<RedisCommand> commands;
  for (const ResultRecord* record : records) {
    const std::string& stream = record->is_event() ? events_stream_ : results_stream_;
    RedisCommand& command =
        commands.emplace_back(RedisCommand{"XADD", stream, "MAXLEN", "~", kResultsLimit, "*"});
    AppendResultEntry(*record, processor_id_, clock_.Wall(), command);
  }
  auto replies = client_.Ask(commands, allowance);
  if (!replies) return std::unexpected(std::move(replies.error()));
  // One that was refused is sent again, and those behind it too: their order is kept, and a reader
  // may see some twice.
  Settled settled;
  for (const RedisReply& reply : *replies) {
    if (reply.kind != RedisReply::Kind::kError) {
      ++settled.delivered;
      continue;
    }
    if (settled.delivered > 0) break;
    return std::unexpected(reply.AsError());
  }
  return settled;
}

}  // namespace sampleproc::consumer
