// Frames from a frame buffer that is asked over HTTP, and that forgets what it has handed out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "consumer/frame_source.h"
#include "consumer/sources/pull_gate.h"
#include "consumer/sources/pull_memory.h"
#include "consumer/sources/spool_keeper.h"
#include "frame/options.h"
#include "net/http_client.h"

namespace sampleproc::consumer {

// GET /frames/dequeue?count=N below the URL. A frame that was handed out is nowhere else, so a
// consumer that stops finishes what it holds, and an answer that is on its way when Interrupt comes
// is still taken, for kLastAnswer at most.
//
// A buffer that answers 500 has lost the frames of that answer, and would lose those behind the one
// that it cannot hand out: it is asked again at once, on another connection because it closes its
// own, and for the next kCarefulPulls answers for one frame at a time. One that answers nothing
// else is left alone for a while like one that is away.
//
// With a spool each answer is on disk before its frames are worked on, and what an earlier process
// has left there comes first.
class HttpSource final : public FrameSource {
 public:
  static constexpr int kCarefulPulls = 10;
  static constexpr int kMostErrors = 100;  // in a row within one Pull
  static constexpr std::chrono::milliseconds kLastAnswer{2'000};

  // `client`, `budget` and `spool`, if there is one, must outlive the source. An answer may take
  // `patience`.
  //
  // What an answer takes is reserved by its length before it is read. By what frames took lately
  // fewer are asked for, or none, when there is no room. An answer that finds none in half of
  // `patience` is read all the same, since the buffer has forgotten its frames.
  HttpSource(net::HttpClient& client, std::chrono::milliseconds patience,
             const frame::Options& limits, SpoolKeeper* spool, resources::MemoryBudget* budget)
      : client_(client), patience_(patience), limits_(limits), spool_(spool), budget_(budget) {}

  base::Result<std::vector<Delivery>> Pull(std::size_t count) override;
  // Nobody upstream is told, only the spool.
  void Settle(Settlement settlement, OnSettled done) override;
  bool TakesBack() const override { return false; }
  // What could not be written down is nowhere else.
  bool HandsOutAgain(const Delivery& frame) const override { return frame.spooled != nullptr; }
  void Reset() override { client_.Reset(); }
  base::Result<void> Probe() override;
  // Waits for the answer that is on its way.
  void Interrupt(const base::Deadline& end) override;

  // Answers of 500 so far. Any thread.
  std::uint64_t errors() const { return errors_; }

 private:
  base::Result<net::HttpAnswer> Ask(PullGate& gate, const std::string& path, std::size_t most_bytes,
                                    std::chrono::milliseconds time, bool idempotent,
                                    const net::AnswerRoom& room = {});
  std::size_t RoomFor(std::size_t count, PullMemory& memory) const;
  base::Result<net::HttpAnswer> Dequeue(std::size_t count, PullMemory& memory);
  base::Result<std::vector<Delivery>> Take(std::string body);
  base::Result<std::vector<Delivery>> Numbered(base::Result<std::vector<Delivery>> deliveries);

  net::HttpClient& client_;
  const std::chrono::milliseconds patience_;
  const frame::Options limits_;
  SpoolKeeper* const spool_;  // nullptr: there is none
  resources::MemoryBudget* const budget_;
  std::size_t usual_ = 0;          // the puller's; bytes that a frame took lately
  std::uint64_t next_ticket_ = 1;  // the puller's
  int careful_ = 0;                // the puller's; answers that are still to be of one frame
  std::atomic<std::uint64_t> errors_ = 0;
  PullGate gate_;
  PullGate probe_gate_;
};

}  // namespace sampleproc::consumer
