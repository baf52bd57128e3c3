// Models of the two kinds of upstream: a stream with a consumer group, and a buffer that forgets.
// What stands in an upstream outlives the processes that pull from it; a source is one process'
// view.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "consumer/frame_source.h"
#include "consumer/sources/spool_keeper.h"
#include "sim/world.h"

namespace sampleproc::sim {

// What both have in common: a pull that can be interrupted, answers that take time or do not come,
// and the promise that a camera's frames are settled in the order in which they were handed out.
class SimSource : public consumer::FrameSource {
 public:
  explicit SimSource(World& world) : world_(world) {}

  base::Result<std::vector<consumer::Delivery>> Pull(std::size_t count) final;
  base::Result<void> Probe() final;
  void Reset() final { world_.Say("source: reset"); }
  void Interrupt(const base::Deadline& end) final;
  // Since when each pull that was tried has failed or hung; nothing when the last one did not.
  std::optional<Time> failing_since() const { return failing_since_; }
  // A stop gives up: what is returned from now on may be lost.
  void ExpectLosses() { expects_losses_ = true; }

 protected:
  // What there is now, at most so many.
  virtual base::Result<std::vector<consumer::Delivery>> Take(std::size_t count) = 0;
  // When there will be more, as far as that is known.
  virtual Time NextArrival() const = 0;

  // The upstream does not answer, until the fault is over or the asker's patience.
  base::Result<void> Reach();
  consumer::Delivery Make(SimFrame& frame, int deliveries);
  // Each settlement passes here first.
  SimFrame& CheckSettlement(const consumer::Settlement& settlement);

  World& world_;
  std::optional<Time> failing_since_;
  bool interrupted_ = false;
  bool expects_losses_ = false;
  std::uint64_t next_ticket_ = 1;
  std::map<std::uint64_t, int> in_hand_;            // the frame of each ticket
  std::map<std::string, std::uint64_t> last_read_;  // of each camera, the newest done or dead
};

// A stream of Redis and its consumer group.
class Stream {
 public:
  struct Pending {
    std::string owner;
    Time since = 0;
    int attempts = 0;  // hand-outs that arrived
    bool trimmed = false;
  };

  std::size_t next = 0;  // of the plan's frames, the first that nobody was handed
  std::map<int, Pending> pending;
};

class StreamSource final : public SimSource {
 public:
  StreamSource(World& world, Stream& stream, std::string name);
  ~StreamSource() override;

  void Settle(consumer::Settlement settlement, consumer::OnSettled done) override;
  bool TakesBack() const override { return true; }

 private:
  struct Left {
    int frame = 0;
    consumer::Settlement settlement;
    consumer::OnSettled done;
  };

  base::Result<std::vector<consumer::Delivery>> Take(std::size_t count) override;
  Time NextArrival() const override;
  void Claim(std::vector<consumer::Delivery>& deliveries);
  bool HoldsSuspect() const;
  void Settler();
  bool SettleOne(const Left& left);
  void TakeAway();

  Stream& stream_;
  const std::string name_;
  std::set<std::uint64_t> suspects_;
  std::set<int> held_;  // frames whose settlement has not arrived
  std::deque<Left> queue_;
  bool closing_ = false;
  Time close_by_ = kNever;
  std::thread settler_;
};

// A buffer that forgets what it has handed out; with a spool its answers are written down first, by
// the parts that do so in the service.
class BufferSource final : public SimSource {
 public:
  // `next`: of the plan's frames, the first that it still has. `keeper` may be null.
  BufferSource(World& world, std::size_t& next, consumer::SpoolKeeper* keeper)
      : SimSource(world), next_(next), keeper_(keeper) {}

  void Settle(consumer::Settlement settlement, consumer::OnSettled done) override;
  bool TakesBack() const override { return false; }
  bool HandsOutAgain(const consumer::Delivery& frame) const override {
    return frame.spooled != nullptr;
  }

 private:
  base::Result<std::vector<consumer::Delivery>> Take(std::size_t count) override;
  Time NextArrival() const override;

  std::size_t& next_;
  consumer::SpoolKeeper* const keeper_;
};

}  // namespace sampleproc::sim
