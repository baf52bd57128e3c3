// The world around a simulated service: what goes wrong in it at this moment, what became of each
// of its frames, and what a run says.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/scheduler.h"

namespace sampleproc::sim {

// A frame of the plan, and what became of it; each end is counted.
struct SimFrame {
  const FramePlan* plan = nullptr;
  int number = 0;
  int handed = 0;  // to us, in answers that arrived
  int done = 0;    // its result is with the upstream
  int dropped = 0;
  int dead = 0;
  int elsewhere = 0;     // settled by another consumer, trimmed away, or lost by its buffer
  bool written = false;  // it is in a spool
  bool late = false;     // it was settled when a stop had given up waiting
  std::string reason;
  Time ended = kNever;

  int ends() const { return done + dropped + dead + elsewhere; }
};

class World {
 public:
  World(const Plan& plan, bool verbose);

  const Plan& plan;
  Random random;  // what only chance decides while the run goes on
  std::vector<SimFrame> frames;
  std::map<std::string, int> asked;  // how many fetches each host of pixels is at
  std::string hidden;  // a text that differs from run to run, left out of what is said

  Time now() const { return Scheduler::Current()->now(); }
  void Sleep(Time time) const;
  // Until `what` is woken by Wake, or that moment.
  void WaitFor(const void* what, Time until) const { Scheduler::Current()->Wait(what, until); }
  void Wake(const void* what) const { Scheduler::Current()->Wake(what, true); }

  // The end of the fault of that kind that goes on now; nothing when none does.
  std::optional<Time> Now(FaultKind kind, int subject = 0) const;
  // Whether one does, or has within the time before.
  bool Lately(FaultKind kind, int subject, Time before) const;

  // A line of the run; printed when it is verbose, and part of the digest in any case.
  void Say(const std::string& line);
  std::uint64_t digest() const { return digest_; }

  // Ends the process: a promise was broken.
  [[noreturn]] void Fail(const std::string& what);

  static std::string IdOf(int number) { return "f" + std::to_string(number); }
  static int NumberOf(std::string_view id);
  // "f12"
  SimFrame& FrameOf(std::string_view id) { return frames[static_cast<std::size_t>(NumberOf(id))]; }
  void End(SimFrame& frame, int SimFrame::* how, std::string_view reason);

 private:
  const bool verbose_;
  std::uint64_t digest_ = 0xcbf29ce484222325ULL;
};

// Says what the service logs.
class WorldLog final : public base::Logger {
 public:
  explicit WorldLog(World& world) : world_(world) {}
  bool Enabled(base::LogLevel level) const override { return level >= base::LogLevel::kInfo; }
  void Write(base::LogLevel level, std::string_view message, base::LogFields fields) override;

 private:
  World& world_;
};

}  // namespace sampleproc::sim
