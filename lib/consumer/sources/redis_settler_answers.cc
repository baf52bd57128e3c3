// What becomes of settlements after they have been sent: what answers, refusals and lost
// connections mean for them.
#include <algorithm>
#include <exception>
#include <utility>

#include "consumer/sources/redis_settler.h"
#include "net/redis_refusal.h"

namespace sampleproc::consumer {
namespace {

using base::MutexLock;
using net::RedisCommand;
using net::RedisReply;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5'000};
// A settlement at which the connection ends so often, of a server that answers otherwise, is taken
// for refused.
constexpr int kMostLoneFailures = 3;

// Why a settlement is set aside that Redis itself says nothing about.
constexpr std::string_view kConnectionEnds = "Redis ends the connection at this settlement";
constexpr std::string_view kNoMemory = "there is no memory to send this settlement";

// Of a script that ended in this error, whose last steps Redis may have refused after the others.
// Refusals of the server or a key stop it before it has changed anything, and those of a command
// too, but for the deletion, which comes last; what the other errors are about is not known.
bool MayBeHalfDone(std::string_view error) {
  const net::RedisRefusal& refusal = net::RefusalOf(error);
  return refusal.remedy.empty() ||
         (refusal.word == "NOPERM" && net::RefusedCommand(error) == "XDEL");
}

}  // namespace

RedisSettler::Subject RedisSettler::KeyOf(const Pending& pending) {
  switch (pending.settlement.ending) {
    case Ending::kDone:
      return Subject::kResults;
    case Ending::kDead:
      return Subject::kLetters;
    case Ending::kDropped:
    case Ending::kReturned:
      break;
  }
  return Subject::kStream;
}

// An error that names its command says which key that is about: those that add to a stream and trim
// it are about the results or the letters, others about the stream of frames, EVAL about all.
RedisSettler::Subject RedisSettler::SubjectOf(Subject own, std::string_view error) {
  if (net::RefusalOf(error).of_server) return Subject::kServer;
  const std::string command = net::RefusedCommand(error);
  if (command == "EVAL") return Subject::kServer;
  const bool is_own =
      command.empty() || command == "XADD" || command == "XTRIM" || command == "XLEN";
  return is_own ? own : Subject::kStream;
}

const std::string& RedisSettler::NameOf(Subject subject) const {
  const std::string* const names[] = {&options_.results_stream, &options_.dlq_stream,
                                      &options_.stream, &context_.server};
  return *names[static_cast<std::size_t>(subject)];
}

// Something threw, for want of memory: fewer at a time want less of it.
void RedisSettler::Failed(Batch& batch) noexcept {
  const bool alone = batch.size() == 1;
  together_ = std::max<std::size_t>(1, together_ / 2);
  if (alone) SetAside(batch, kNoMemory, false);
}

// All of it is sent again, alone after the first time, so that one that ends the connection stops
// none behind it. That it is this one is shown by another of its kind, which is answered.
void RedisSettler::Unanswered(Batch& batch) {
  const bool alone = batch.size() == 1;
  together_ = 1;
  if (!alone) return;
  const RedisCommand harmless[] = {Harmless(batch.front())};
  const auto proof = Ask(harmless);
  if (!proof || proof->front().kind == RedisReply::Kind::kError) return;
  if (batch.front().blamed == Subject::kNothing) {
    if (++lone_failures_ < kMostLoneFailures) return;
    lone_failures_ = 0;
  }
  SetAside(batch, kConnectionEnds, true);
}

// What has been given back comes to somebody else, whichever of us it was.
bool RedisSettler::MayBeOurs(const Pending& pending) {
  return pending.maybe_done > 0 && pending.settlement.ending != Ending::kReturned;
}

// What Redis says to the first one, which goes its way.
void RedisSettler::Answered(Batch& batch, const RedisReply& reply, bool proof) noexcept {
  Pending& pending = batch.front();
  const bool refused = reply.kind == RedisReply::Kind::kError;
  if (!refused || !MayBeHalfDone(reply.text)) --pending.maybe_done;
  const bool ours = MayBeOurs(pending);
  if (!refused) {
    TakesWrites();
    return Settled(batch, reply.integer == 1 || ours);
  }
  // Only what is given back needs a group. It comes again with the group's next beginning, if its
  // entry is still there.
  if (net::RefusalOf(reply.text).word == "NOGROUP") return Settled(batch, ours);
  if (net::RefusedCommand(reply.text) == "XDEL") pending.deletion_left = true;
  SetAside(batch, reply.text, proof);
}

// It takes writes: what it said of all of them is over, though nothing has been touched since.
void RedisSettler::TakesWrites() noexcept {
  if (touch_blamed_ == Subject::kServer) Blame(touch_blamed_, Subject::kNothing);
}

// The condition of a subject ends with the last one that is refused for its sake.
void RedisSettler::Blame(Subject& kept, Subject blamed) noexcept {
  const Subject before = std::exchange(kept, blamed);
  if (before == blamed) return;
  const auto count_of = [this](Subject subject) -> std::size_t& {
    return refused_of_[static_cast<std::size_t>(subject)];
  };
  if (blamed != Subject::kNothing) ++count_of(blamed);
  const bool ends = before != Subject::kNothing && --count_of(before) == 0;
  server_refuses_ = count_of(Subject::kServer) > 0;
  if (!ends || context_.conditions == nullptr) return;
  context_.conditions->Clear(telemetry::condition::kSettlementRefused, NameOf(before));
}

// `error` is Redis' own, kConnectionEnds or kNoMemory.
void RedisSettler::TellRefused(Subject blamed, std::string_view error) const {
  const bool ends = error == kConnectionEnds;
  const bool no_memory = error == kNoMemory;
  if (context_.metrics != nullptr) {
    context_.metrics->settlements_refused
        .Of(ends        ? "connection"
            : no_memory ? "memory"
                        : net::RefusalOf(error).word)
        .Add();
  }
  if (context_.conditions == nullptr) return;
  context_.conditions->Raise(telemetry::condition::kSettlementRefused, NameOf(blamed),
                             ends || no_memory ? std::string(error) : net::RefusalSentence(error));
}

// The first one. What Redis says of a key or of itself concerns all results alike, and they wait
// for it in their order; all else may concern this one alone, which is `proof` of it or is not.
void RedisSettler::SetAside(Batch& batch, std::string_view error, bool proof) noexcept {
  Pending& pending = batch.front();
  const net::RedisRefusal& refusal = net::RefusalOf(error);
  if (proof) ++pending.proofs;
  pending.waits = KeyOf(pending) != Subject::kResults ? Waits::kNobody
                  : !refusal.remedy.empty()           ? Waits::kAll
                  : pending.proofs < kMostProofs      ? Waits::kCamera
                                                      : Waits::kNobody;
  pending.pause =
      pending.pause == milliseconds(0) ? kFirstPause : std::min(kLongestPause, pending.pause * 2);
  pending.next_try = base::SystemClock().Now() + pending.pause;
  {
    const MutexLock lock(mutex_);
    PutAside(batch, batch.begin());
  }
  try {
    const Subject blamed = SubjectOf(KeyOf(pending), error);
    Blame(pending.blamed, blamed);
    TellRefused(blamed, error);
  } catch (const std::exception&) {  // no memory: it is told with its next refusal
    if (pending.blamed == Subject::kNothing) Blame(pending.blamed, KeyOf(pending));
  }
}

// What cannot be kept from others may be done twice.
void RedisSettler::Touched(std::span<const RedisReply> replies) {
  const auto refused = std::ranges::find(replies, RedisReply::Kind::kError, &RedisReply::kind);
  if (refused == replies.end() || net::RefusalOf(refused->text).word == "NOGROUP") {
    return Blame(touch_blamed_, Subject::kNothing);
  }
  const Subject blamed = SubjectOf(Subject::kStream, refused->text);
  Blame(touch_blamed_, blamed);
  TellRefused(blamed, refused->text);
}

// The first one. What hindered it has gone: so those behind it are tried now.
void RedisSettler::Settled(Batch& batch, bool ours) noexcept {
  Batch own;
  own.splice(own.end(), batch, batch.begin());
  Pending& pending = own.front();
  const Subject blamed = pending.blamed;
  for (Pending& each : refused_) {
    const bool behind = each.waits != Waits::kNobody && Holds(pending, each);
    if (behind || (blamed != Subject::kNothing && each.blamed == blamed)) each.next_try = {};
  }
  Blame(pending.blamed, Subject::kNothing);
  pending.done(ours);
  const MutexLock lock(mutex_);
  held_.erase(pending.settlement.ticket);
}

}  // namespace sampleproc::consumer
