// What is ours and never arrives whole: it is told and tried now and then, and the others go on.
#include <utility>

#include "consumer/sources/redis_scripts.h"
#include "consumer/sources/redis_source.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;
using std::chrono::milliseconds;

}  // namespace

// Whether an answer ended on its way, which says nothing of our memory or of what Redis permits.
bool RedisSource::LostOnItsWay(const base::Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kIo ||
         error.code == ErrorCode::kRequestTimeout || error.code == ErrorCode::kDeadline;
}

// Of an answer to one entry alone. True: the entry is set aside, and told.
bool RedisSource::SetAside(const std::string& id, const base::Error& error) {
  const milliseconds pause = stuck_.Lost(id, context_.clock.Now());
  if (pause <= milliseconds(0)) return false;
  TellStuck(id, error, pause);
  return true;
}

void RedisSource::TellStuck(const std::string& id, const base::Error& error, milliseconds pause) {
  if (context_.conditions == nullptr) return;
  std::string size;
  if (auto bytes = Ask({"EVAL", ScriptOf(kSizeScript), "1", options_.stream, id});
      bytes && bytes->integer > 0) {
    size = " of " + std::to_string(bytes->integer) + " bytes";
  }
  context_.conditions->Raise(telemetry::condition::kEntryStuck, id,
                             "the entry" + size + " in " + options_.stream +
                                 " does not arrive: the answer was lost " +
                                 std::to_string(stuck_.losses(id)) + " times (" + error.message +
                                 "); it stays pending, others go on, next try in " +
                                 std::to_string((pause.count() + 999) / 1000) + " s");
}

void RedisSource::NoLongerStuck(const std::string& id) {
  if (stuck_.Forget(id) && context_.conditions != nullptr) {
    context_.conditions->Clear(telemetry::condition::kEntryStuck, id);
  }
}

// One that was set aside, when its time has come, by turns with everything else.
Result<std::vector<Delivery>> RedisSource::TryStuck() {
  const auto id = stuck_.Due(context_.clock.Now());
  if (!id) return std::vector<Delivery>();
  auto held = Pending({.only = *id, .most = 1, .ours = true});
  if (!held) return std::unexpected(std::move(held.error()));
  if (held->empty()) {
    NoLongerStuck(*id);  // somebody else has it, or it is settled
    claiming_.erase(*id);
    return std::vector<Delivery>();
  }
  const bool suspect = held->front().elements[3].integer > 1 || claiming_.contains(*id);
  if (suspect && settler_.HoldsSuspect()) {
    stuck_.Postpone(*id, context_.clock.Now());
    return std::vector<Delivery>();
  }
  return Fetch({*id}, milliseconds(0));
}

}  // namespace sampleproc::consumer
