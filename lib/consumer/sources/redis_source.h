// Frames from a stream of Redis, each settled exactly once whoever dies over it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "consumer/frame_source.h"
#include "consumer/metrics.h"
#include "consumer/options.h"
#include "consumer/sources/pull_gate.h"
#include "consumer/sources/pull_memory.h"
#include "consumer/sources/redis_settler.h"
#include "consumer/sources/stuck_entries.h"
#include "frame/options.h"
#include "net/redis_client.h"
#include "telemetry/conditions.h"

namespace sampleproc::consumer {

// How a source reaches its stream. Names are final: "<processor_id>" has been replaced.
struct RedisSourceContext {
  net::ConnectStream connect;
  net::RedisLogin login;
  net::RedisLimits limits = {};
  const base::Clock& clock;  // must outlive the source
  std::string consumer;      // unique: two with one name would take each other's frames for theirs
  std::string processor_id;  // written into results
  std::string server = {};   // what conditions call it
  // Each may be none, or has to outlive the source.
  const Metrics* metrics = nullptr;
  telemetry::Conditions* conditions = nullptr;
  base::Logger* log = nullptr;
  // What entries are taken from before they are read; a pull without room for them reads fewer, or
  // none, and they wait in Redis.
  resources::MemoryBudget* budget = nullptr;
  // How many pending entries are looked at in one piece, beside what is in work here.
  std::size_t page = 100;
};

// A consumer group (XREADGROUP), made when it is missing. An entry is pending until it has been
// settled by one script that publishes, acknowledges and deletes; a script that finds it settled by
// somebody else does nothing (RedisSettler). So:
//
//   - what this consumer holds when it dies is claimed by another after `claim_idle`. One such
//     entry is held at a time and reported with its number of attempts, so that the one that
//     kills its consumers is found: after max_deliveries it goes to the dead letters
//   - the attempts of an entry are its delivery count in Redis: its first hand-out, then each claim
//     whose entry has arrived. A hand-out whose answer got lost is fetched again by this consumer
//     and counts as none, nor does one that was given back before a worker had it
//   - what is too large to be pulled goes to the dead letters without: a read whose answer is over
//     the limits is followed by smaller ones, and what it had is looked at one by one
//   - one whose answer is lost each time it is asked for, as behind a network that cuts what is
//     large, is set aside (StuckEntries): it stays pending and is told as `entry_stuck`, others go
//     on, and it is asked for again now and then
//   - an entry that was trimmed before somebody worked on it is reported to be dropped; one that is
//     trimmed while it is in work is done
//   - the name of a consumer that holds nothing and has said nothing for kForgottenAfter times
//     claim_idle is taken out of the group: each start brings a new one
//   - what was given back before this consumer began comes before anything new, up to
//     kMostCaughtUp: so a restart keeps the order of each camera
//   - however many entries are pending that nobody can do at the moment, such as those of a host
//     that is away, they stop none behind them: a pull looks at a few pages of the list of pending
//     entries, and the next one goes on from there
//   - what is held is touched three times in claim_idle, so nobody claims what is in work; one that
//     slept for longer finds that its frames are no longer its own
class RedisSource final : public FrameSource {
 public:
  static constexpr int kForgottenAfter = 120;  // an hour by the default of claim_idle
  // Instances that stopped gave back 19 to 43, by default settings; of thousands that wait for a
  // host that is away, new frames need not wait for the last.
  static constexpr std::size_t kMostCaughtUp = 100;

  RedisSource(RedisSourceContext context, const RedisOptions& options,
              const frame::Options& limits);
  // Closes within a second, if that has not been done.
  ~RedisSource() override;

  base::Result<std::vector<Delivery>> Pull(std::size_t count) override;
  void Settle(Settlement settlement, OnSettled done) override {
    settler_.Settle(std::move(settlement), std::move(done));
  }
  std::size_t Parked() const override { return settler_.Parked(); }
  void OnParked(std::function<void()> told) override { settler_.OnParked(std::move(told)); }
  base::Result<void> Settling() const override { return settler_.Settling(); }
  bool TakesBack() const override { return true; }

  // Whether no other consumer of the group has been heard of in the last kHeard: then nobody reads
  // the stream without us. Once the consumer's thread has ended; at most half a second, and until
  // `end`.
  static constexpr std::chrono::milliseconds kHeard{10'000};
  base::Result<bool> AloneInGroup(const base::Deadline& end);

  // What lies in the stream of dead letters, counted while frames are pulled. Nothing before the
  // first count, and where Redis does not say. Any thread.
  std::optional<DeadLetters> dead_letters() const EXCLUDES(letters_mutex_);

  void Reset() override { pull_client_.Disconnect(); }
  // Whether this user may do what settling and taking over frames needs; on a connection of its
  // own.
  base::Result<void> Probe() override;
  void Interrupt(const base::Deadline& end) override;
  // Leaves the group if nothing of this consumer is pending; half a second for that.
  void Close(const base::Deadline& end) override;

 private:
  using Deliveries = base::Result<std::vector<Delivery>>;

  Deliveries PullSome(std::size_t count);
  base::Result<void> MakeGroup();
  base::Result<void> BeSeen();
  void ForgetTheGone();
  base::Result<void> CountDeadLetters() EXCLUDES(letters_mutex_);
  Deliveries PullAny(std::size_t count);
  Deliveries Read(std::size_t count, std::chrono::milliseconds block);
  Deliveries Claim(std::size_t count);
  base::Result<void> ClaimSuspects(std::vector<net::RedisReply>& page, std::size_t count,
                                   bool whole, std::vector<Delivery>& deliveries);
  Deliveries Recover(std::size_t count);
  void Lose() noexcept;
  static bool LostOnItsWay(const base::Error& error);
  bool SetAside(const std::string& id, const base::Error& error);
  void TellStuck(const std::string& id, const base::Error& error, std::chrono::milliseconds pause);
  void NoLongerStuck(const std::string& id);
  Deliveries TryStuck();
  struct PendingQuery {
    std::string behind = {};  // an id; "" for the first on
    std::string until = {};   // an id; "" for all
    std::string only = {};    // this one
    std::size_t most = 0;
    std::chrono::milliseconds idle{0};
    bool ours = false;
  };
  base::Result<std::vector<net::RedisReply>> Pending(const PendingQuery& query);
  base::Result<std::vector<net::RedisReply>> Claimable(const std::string& behind, std::size_t most);
  base::Result<void> BeginCatchingUp();
  bool CaughtUpBefore(const std::string& id) const;
  std::vector<std::string> GivenBackOf(const std::vector<net::RedisReply>& page, std::size_t count,
                                       bool whole);
  std::size_t KeptForSuspect(const std::vector<net::RedisReply>& page, std::size_t count,
                             bool whole);
  std::vector<std::string> SuspectsOf(const std::vector<net::RedisReply>& page);
  Deliveries Fetch(const std::vector<std::string>& ids, std::chrono::milliseconds idle);
  base::Result<void> NoteAttempts(std::vector<net::RedisReply>& taken,
                                  const std::vector<std::string>& ids);
  base::Result<net::RedisReply> Ask(const net::RedisCommand& command,
                                    std::chrono::milliseconds wait = {},
                                    const net::ReplyRoom& room = {});
  std::size_t MostEntryBytes() const;
  std::size_t Most(std::size_t count) const { return most_ == 0 ? count : std::min(count, most_); }
  void ReadMore(std::size_t count) { most_ = most_ >= count ? 0 : 2 * most_; }
  static base::Result<net::RedisReply> AskBriefly(net::RedisClient& client,
                                                  const net::RedisCommand& command,
                                                  const base::Deadline& end);
  Delivery Taken(const std::string& id, net::RedisReply& taken, PullMemory& memory);
  Delivery Take(const std::string& id, net::RedisReply& values, int deliveries, PullMemory& memory);
  void TellTrimmed(const std::vector<Delivery>& deliveries) const;
  void LeaveGroup(const base::Deadline& end);

  const RedisSourceContext context_;
  const RedisOptions options_;
  const frame::Options limits_;
  PullGate gate_;
  RedisSettler settler_;
  bool closed_ = false;

  mutable base::Mutex letters_mutex_;
  std::optional<DeadLetters> letters_ GUARDED_BY(letters_mutex_);

  // The puller's:
  net::RedisClient pull_client_;
  base::MonoTime next_claim_{};
  base::MonoTime next_seen_{};
  base::MonoTime next_forgetting_;
  base::MonoTime next_counting_{};
  bool left_behind_ = false;   // more could be claimed once a suspect is settled
  bool claimed_last_ = false;  // by the last pull
  bool lost_ = false;          // an answer with entries may have been lost: they are ours, unseen
  // Read no more at once, after an answer that was too large or had no room; 0 = any.
  std::size_t most_ = 0;
  // How far a round through the list of what is ours has come, and whether it has left something.
  std::string recovered_;
  bool left_lost_ = false;
  StuckEntries stuck_;
  // The last one that was claimed or looked at, so that the next one follows.
  std::string last_suspect_;
  std::string last_given_back_;
  bool suspects_turn_ = false;
  // Until the first round through what was given back has come to its last entry, which stands in
  // the list as far as this id; "" = not asked for yet.
  bool catching_up_ = true;
  std::string catch_up_until_;
  std::size_t caught_up_ = 0;  // taken in that round
  // Entries that are being claimed, until they have arrived, with the number of attempts that may
  // have been noted for them already; 0 = none.
  std::map<std::string, std::int64_t> claiming_;
};

}  // namespace sampleproc::consumer
