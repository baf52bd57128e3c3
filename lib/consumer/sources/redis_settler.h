// What became of the frames of a stream, told to Redis: once each, however long that takes.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "consumer/frame_source.h"
#include "consumer/metrics.h"
#include "consumer/options.h"
#include "consumer/sources/settling_command.h"
#include "net/redis_client.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

struct RedisSettlerContext {
  net::ConnectStream connect;
  net::RedisLogin login;
  net::RedisLimits limits;
  const base::Clock& clock;  // of the stamps in results and letters; must outlive the settler
  std::string consumer;
  std::string processor_id;
  std::string server = {};  // what conditions call it
  // Where refused settlements are counted and told; they may be none, else they outlive it.
  const Metrics* metrics = nullptr;
  telemetry::Conditions* conditions = nullptr;
};

// Holds what was pulled until it has been settled, and keeps it from other consumers meanwhile: it
// is touched three times in claim_idle. Settlements go out on a connection and a thread of their
// own, in the order of Settle. An answer that does not come within a quarter of claim_idle ends the
// connection: the next one begins before others may claim what is held. A server that is away is
// asked until it is back. What it refuses (a key of another type, no permission, no memory) is set
// aside, so that it stops none behind it: told once as the condition settlement_refused of its key,
// or of the server when that refuses all alike; counted; and tried again after longer and longer
// pauses, of which the first success for the same key ends the others. That what is held cannot be
// touched is told alike. What throws for want of
// memory is no answer, so it is tried again; alone at last, and then as a refusal.
//
// Results keep their order. While one is refused for what concerns them all, it alone is tried and
// the others wait behind it. What may concern this one alone (the connection ends at it, an error
// of no known meaning) has the later ones of its camera wait until kMostProofs show that it is its
// own fault: settlements that change nothing, and are answered well at that time. Where they are
// not, nobody is refused, and all wait as they are.
//
// A settlement whose answer got lost, or came as an error that may have followed its first steps,
// is sent again. Redis says then that the entry is settled, and not by whom: it counts as ours,
// unless it was to go back. So a result that was published is known to be, whatever happened to the
// answer; where another owner was as fast, both count it. An entry whose settlement Redis has never
// been sent before, and finds settled, is somebody else's.
//
// Where Redis has come back with an older state, what is held may be undelivered in it, or missing
// with or without its group: it is settled as if it were pending (redis_scripts.h). With
// consumer.redis.delete off an entry that is undelivered again is left to its next delivery, and is
// not ours. Thread-safe.
class RedisSettler {
 public:
  // Settlements without a result that are set aside take no room from frames, up to so many.
  static constexpr std::size_t kMostParked = 10'000;
  static constexpr std::chrono::seconds kOverdue{5};
  static constexpr int kMostProofs = 4;
  // How often one that holds something shows that it is there, however patient claim_idle is.
  static constexpr std::chrono::milliseconds kShown{2'500};

  RedisSettler(RedisSettlerContext context, const RedisOptions& options);
  ~RedisSettler();

  // Takes an entry into its hands, with all that its settlement needs; returns its ticket. Without
  // memory it throws, and nothing is held.
  std::uint64_t Hold(const std::string& id, int deliveries) EXCLUDES(mutex_);
  // The ticket that Hold returns next.
  std::uint64_t next_ticket() const EXCLUDES(mutex_);
  // Lets go of entries that nobody was told of: of those from this ticket on. They stay pending.
  void LetGo(std::uint64_t from) noexcept EXCLUDES(mutex_);
  bool Holds(const std::string& id) const EXCLUDES(mutex_);
  // An entry that was handed out before, and is not at its settlement yet.
  bool HoldsSuspect() const EXCLUDES(mutex_);
  std::size_t held() const EXCLUDES(mutex_);

  // FrameSource's. What cannot be settled until Close hears that it is not ours; what may have been
  // settled, that it is.
  void Settle(Settlement settlement, OnSettled done) noexcept EXCLUDES(mutex_);
  std::size_t Parked() const EXCLUDES(mutex_);
  void OnParked(std::function<void()> told) { on_parked_ = std::move(told); }
  // Fails when frames are held and Redis has answered nothing here for kOverdue; not while it is
  // told that it refuses everybody.
  base::Result<void> Settling() const EXCLUDES(mutex_);

  // Settles what is left until `end`, and ends.
  void Close(const base::Deadline& end) noexcept EXCLUDES(mutex_);
  // Once closed, for what else is to be said to Redis.
  net::RedisClient& client() { return client_; }

 private:
  struct Held;
  // What conditions say of a refusal.
  enum class Subject : std::uint8_t { kResults, kLetters, kStream, kServer, kNothing };
  // Which results wait behind one that is set aside: none, its camera's, all.
  enum class Waits : std::uint8_t { kNobody, kCamera, kAll };
  struct Pending {
    Settlement settlement;
    OnSettled done;
    const Held* held = nullptr;  // one of held_, where it stays until this is settled
    // Of one that was refused.
    base::MonoTime next_try{};
    std::chrono::milliseconds pause{0};
    Subject blamed = Subject::kNothing;
    Waits waits = Waits::kNobody;
    int proofs = 0;      // that it is its own fault
    int maybe_done = 0;  // how often it was sent without an answer that says what became of it
    bool deletion_left = false;  // all but the deletion of the entry was done, which was refused
  };
  // Settlements go from list to list as they are, which takes no memory.
  using Batch = std::list<Pending>;
  struct Held {
    std::string id;
    int deliveries = 1;
    bool settling = false;
    Batch prepared = {};  // one, for its settlement
  };

  void Run() EXCLUDES(mutex_);
  void RunUntilClosed() EXCLUDES(mutex_);
  bool WaitForWork(base::MonoTime latest) EXCLUDES(mutex_);
  Batch TakeBatch() EXCLUDES(mutex_);
  static bool Holds(const Pending& before, const Pending& result);
  Waits Behind(const Pending& pending, Batch::const_iterator end, const Batch& batch) const;
  void PutBack(Batch& batch) noexcept EXCLUDES(mutex_);
  void SettleSome(Batch& batch) EXCLUDES(mutex_);
  void Failed(Batch& batch) noexcept EXCLUDES(mutex_);
  void Unanswered(Batch& batch) EXCLUDES(mutex_);
  static bool MayBeOurs(const Pending& pending);
  void Answered(Batch& batch, const net::RedisReply& reply, bool proof) noexcept EXCLUDES(mutex_);
  void TakesWrites() noexcept;
  void SetAside(Batch& batch, std::string_view error, bool proof) noexcept EXCLUDES(mutex_);
  void Settled(Batch& batch, bool ours) noexcept EXCLUDES(mutex_);
  void TellRefused(Subject blamed, std::string_view error) const;
  void Blame(Subject& kept, Subject blamed) noexcept;
  void Touched(std::span<const net::RedisReply> replies);
  void PutAside(Batch& from, Batch::iterator pending) noexcept REQUIRES(mutex_);
  bool KeepHeld() EXCLUDES(mutex_);
  void ShowUp() EXCLUDES(mutex_);
  void NoteQuestion() EXCLUDES(mutex_);
  bool Connected() EXCLUDES(mutex_);
  base::Result<std::vector<net::RedisReply>> Ask(std::span<const net::RedisCommand> commands)
      EXCLUDES(mutex_);
  net::RedisCommand Harmless(const Pending& like) const;
  static Sent SentOf(const Pending& pending);
  static Subject KeyOf(const Pending& pending);
  static Subject SubjectOf(Subject own, std::string_view error);
  const std::string& NameOf(Subject subject) const;
  static bool IsSmall(const Pending& pending);

  const RedisSettlerContext context_;
  const RedisOptions options_;
  net::RedisClient client_;          // the thread's until Close
  std::size_t together_;             // the thread's; how many go out in one piece
  std::function<void()> on_parked_;  // set before the thread has anything to do
  int lone_failures_ = 0;            // the thread's; of the first settlement, with proof of each
  Batch refused_;                    // the thread's; no longer than held_, in the order of tickets
  // The thread's: how many have been refused and not been settled, by Subject.
  std::array<std::size_t, 4> refused_of_{};
  Subject touch_blamed_ = Subject::kNothing;  // the thread's; why what is held could not be touched
  std::atomic<bool> server_refuses_ = false;  // which says it all

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::uint64_t next_ticket_ GUARDED_BY(mutex_) = 1;
  std::map<std::uint64_t, Held> held_ GUARDED_BY(mutex_);  // until settled
  Batch queue_ GUARDED_BY(mutex_);                         // no longer than held_
  std::size_t parked_ GUARDED_BY(mutex_) = 0;              // small ones of refused_
  // Since when, and why, nothing that was asked has been answered.
  std::optional<base::MonoTime> unanswered_since_ GUARDED_BY(mutex_);
  std::string unanswered_why_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;  // settle what is left and end
  bool closed_ GUARDED_BY(mutex_) = false;   // the thread is at its end
  const base::CancelFlag cancel_;            // end, whatever is left

  std::jthread thread_;
};

}  // namespace sampleproc::consumer
