// Frames from a stream of Redis, each settled exactly once whoever dies over it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "consumer/frame_source.h"
#include "consumer/options.h"
#include "consumer/pull_gate.h"
#include "frame/options.h"
#include "net/redis_client.h"

namespace sampleproc::consumer {

// How a source reaches its stream. Names are final: "<processor_id>" has been replaced.
struct RedisSourceContext {
  net::ConnectStream connect;
  net::RedisLogin login;
  net::RedisLimits limits = {};
  const base::Clock& clock;  // must outlive the source
  std::string consumer;      // unique: two with one name would take each other's frames for theirs
  std::string processor_id;  // written into results
};

// A consumer group (XREADGROUP), made when it is missing. An entry is pending until it has been
// settled by one script that publishes, acknowledges and deletes; a script that finds it settled by
// somebody else does nothing. So:
//
//   - what this consumer holds when it dies is claimed by another after `claim_idle`. One such
//     entry is held at a time and reported with its number of deliveries, so that the one that
//     kills its consumers is found: after max_deliveries it goes to the dead letters
//   - the name of a consumer that holds nothing and has said nothing for kForgottenAfter times
//     claim_idle is taken out of the group: each start brings a new one
//   - what is held is touched three times in claim_idle, so nobody claims what is in work; one that
//     slept for longer finds that its frames are no longer its own
//
// Settlements go out on a connection and a thread of their own, in the order of Settle; one that
// Redis refuses (no memory) is tried again and may come after those that were sent with it.
class RedisSource final : public FrameSource {
 public:
  static constexpr int kForgottenAfter = 120;  // an hour by the default of claim_idle

  RedisSource(RedisSourceContext context, const RedisOptions& options,
              const frame::Options& limits);
  // Waits at most a second for settlements that are left, then leaves the group if nothing of this
  // consumer is pending; half a second for that.
  ~RedisSource() override;

  base::Result<std::vector<Delivery>> Pull(std::size_t count) override;
  void Settle(Settlement settlement, OnSettled done) override;
  bool TakesBack() const override { return true; }

  // Whether no other consumer of the group has been heard of in the last kHeard: then nobody reads
  // the stream without us. Once the consumer's thread has ended; at most half a second.
  static constexpr std::chrono::milliseconds kHeard{10'000};
  base::Result<bool> AloneInGroup();

  void Reset() override { pull_client_.Disconnect(); }
  void Interrupt() override;

 private:
  struct Held {
    std::string id;
    int deliveries = 1;
  };
  struct Pending {
    Settlement settlement;
    OnSettled done;
    Held held;
  };

  base::Result<void> MakeGroup();
  base::Result<void> BeSeen();
  void ForgetTheGone();
  base::Result<std::vector<Delivery>> Read(std::size_t count);
  base::Result<std::vector<Delivery>> Claim(std::size_t count);
  base::Result<std::vector<Delivery>> ClaimOne(const std::string& id, std::int64_t deliveries);
  base::Result<net::RedisReply> Ask(const net::RedisCommand& command,
                                    std::chrono::milliseconds wait = {});
  static base::Result<net::RedisReply> AskBriefly(net::RedisClient& client,
                                                  const net::RedisCommand& command);
  Delivery Take(net::RedisReply& entry, int deliveries);
  bool HoldsSuspect() const;
  bool Holds(const std::string& id) const;

  void Settler();
  void SettleUntilClosed();
  bool SettleSome(std::vector<Pending>& batch);
  void KeepHeld();
  void LeaveGroup();
  net::RedisCommand CommandFor(const Pending& pending) const;

  const RedisSourceContext context_;
  const RedisOptions options_;
  const frame::Options limits_;
  PullGate gate_;
  net::RedisClient pull_client_;    // the puller's
  base::MonoTime next_claim_{};     // the puller's
  base::MonoTime next_seen_{};      // the puller's
  base::MonoTime next_forgetting_;  // the puller's
  bool left_behind_ = false;        // the puller's; more could be claimed once a suspect is settled
  net::RedisClient settle_client_;  // the settling thread's

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ticket_ = 1;       // guarded by mutex_
  std::map<std::uint64_t, Held> held_;  // guarded by mutex_; until settled
  std::deque<Pending> queue_;           // guarded by mutex_; no longer than held_
  bool closing_ = false;                // guarded by mutex_; settle what is left and end
  bool closed_ = false;                 // guarded by mutex_; the settling thread is at its end
  const base::CancelFlag settling_;     // cancelled: end, whatever is left

  std::jthread settler_;
};

}  // namespace sampleproc::consumer
