#include "consumer/sources/settling_command.h"

#include <algorithm>
#include <chrono>

#include "consumer/result_entry.h"
#include "consumer/sources/redis_dead_letter.h"
#include "consumer/sources/redis_scripts.h"
#include "frame/frame_time.h"

namespace sampleproc::consumer {
namespace {

using net::RedisCommand;
using std::chrono::milliseconds;

// A frame that goes back because of a host that is away is left alone for so long.
constexpr milliseconds kReturnPause{5'000};

constexpr const char* kDeadLimit = "10000";
// Lua's stack takes some 8,000 values at once (LUAI_MAXCSTACK), those that are added included.
constexpr const char* kLetterValues = "7800";
constexpr std::uint64_t kLetterShare = 4;  // of dlq_max_bytes, at most for one letter

// How long it has been idle, as far as others see it: one that nobody could do now need not come
// again at once.
std::string IdleOfReturned(const Settlement& settled, int attempts, const RedisOptions& options) {
  if (settled.reason.empty() || attempts > 0) return kGivenBackIdle;
  return std::to_string(std::max(milliseconds(0), options.claim_idle - kReturnPause).count());
}

const char* EarlierRuns(Sent sent) {
  switch (sent) {
    case Sent::kNever:
      return kFirstRun;
    case Sent::kDeletionLeft:
      return kDeletionOnly;
    case Sent::kBefore:
      break;
  }
  return kRunBefore;
}

}  // namespace

RedisCommand SettlingCommand(const Settlement& settled, const HandedOut& entry,
                             const RedisOptions& options, base::WallTime now) {
  const std::string& id = entry.id;
  const std::string earlier = EarlierRuns(entry.sent);
  const auto script = [&options](const char* text) {
    return SettlingScript(text, options.delete_settled);
  };
  switch (settled.ending) {
    case Ending::kDone: {
      RedisCommand command = {"EVAL",
                              script(kPublishScript),
                              "2",
                              options.stream,
                              options.results_stream,
                              options.group,
                              id,
                              earlier,
                              kResultsLimit};
      AppendResultEntry({settled.frame_id, settled.record, settled.traceparent, settled.tracestate},
                        entry.processor_id, now, command);
      return command;
    }
    case Ending::kDropped:
      return {"EVAL", script(kDropScript), "1", options.stream, options.group, id, earlier};
    case Ending::kDead:
      return {"EVAL",
              script(kDeadScript),
              "2",
              options.stream,
              options.dlq_stream,
              options.group,
              id,
              earlier,
              kDeadLimit,
              std::to_string(options.dlq_max_bytes),
              kLetterValues,
              std::to_string(options.dlq_max_bytes / kLetterShare),
              settled.frame_id,
              "dlq_reason",
              std::string(settled.reason),
              "dlq_id",
              id,
              "dlq_deliveries",
              std::to_string(entry.deliveries),
              "dlq_processor_id",
              entry.processor_id,
              "dlq_timestamp",
              frame::EpochSeconds(now)};
    case Ending::kReturned:
      break;
  }
  // A hand-out that reached no worker is no attempt.
  const int attempts = entry.deliveries - (settled.worked_on ? 0 : 1);
  return {"EVAL",
          ScriptOf(kReturnScript),
          "1",
          options.stream,
          options.group,
          entry.consumer,
          id,
          IdleOfReturned(settled, attempts, options),
          std::to_string(attempts)};
}

RedisCommand HarmlessCommand(Ending ending, const HandedOut& entry, const RedisOptions& options,
                             base::WallTime now) {
  const std::string nowhere = "0-1";  // entries are numbered by the time of day
  return SettlingCommand({.ending = ending, .frame_id = {}, .record = {}},
                         {nowhere, 1, entry.consumer, entry.processor_id, Sent::kBefore}, options,
                         now);
}

}  // namespace sampleproc::consumer
