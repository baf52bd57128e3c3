// A whole run: a loop on each thread, what they measured put together second by second, and what
// the generator itself needed.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "loadtest/load_loop.h"

namespace sampleproc::loadtest {

struct RunPlan {
  LoopOptions loop;  // connections and requests of all threads together
  std::size_t threads = 1;
  // The whole schedule, made anew for each thread, which takes its share. Empty: a closed loop.
  std::function<std::unique_ptr<Pacer>()> make_pacer;
  std::function<std::unique_ptr<RequestMaker>(std::size_t thread)> make_maker;
  // How long the schedule is; 0 when only its end will tell.
  std::chrono::nanoseconds length{};
  // Of a stream: how long to read on when each frame has its outcome.
  std::chrono::nanoseconds settle{};
  // Without all connections that are held there is no run.
  bool needs_connections = false;
  // Called once a second while they are opened.
  std::function<void(std::size_t opened, std::size_t wanted)> opening = {};
  // Called when they are there, just before the first second begins; not when the run is stopped
  // before.
  std::function<void()> begins = {};
  // Nobody has chosen how many connections there are: they are as many as this machine can have.
  bool connections_are_limit = false;
};

// One second of the run: requests and send lag by the intended time, all else by the time when
// answers came. Times in milliseconds, latencies those of all finished requests
// (Measurement::PercentileOfAll).
struct Second {
  std::uint64_t second = 0;
  std::uint64_t intended = 0;
  std::uint64_t good = 0;
  std::uint64_t errors = 0;
  double p50_ms = 0;  // corrected
  double p99_ms = 0;
  double max_ms = 0;
  double raw_p99_ms = 0;
  double send_lag_p99_ms = 0;
};

struct GeneratorUse {
  double cpu = 0;     // of one core, of the busiest thread: 0 to 1
  double wanted = 0;  // the same with the time in which it waited for a core
  double cpu_s = 0;   // of all threads
};

struct RunResult {
  Measurement total;
  std::vector<Second> seconds;
  // The schedule's length, or until the last answer if that was later; of a run that was stopped
  // until then.
  double elapsed_s = 0;
  double intended_rate = 0;  // requests a second
  // Good answers a second. What every answer takes is no part of that time: a schedule that is
  // answered without falling behind is achieved, however long each answer took.
  double achieved_rate = 0;
  GeneratorUse generator;
  bool stopped = false;  // before its time
  // Connections that were there before the first second, of so many that were to be held, and how
  // long that took.
  std::uint64_t opened_ahead = 0;
  std::uint64_t held = 0;
  std::uint64_t lost_ahead = 0;  // of them: closed by the target before their first request
  double opening_s = 0;
  // What is due waits for Redis's answer to what was sent before.
  bool sends_in_turn = false;
  // As many connections as this machine can have, when nobody has chosen another number; else 0.
  std::size_t connection_limit = 0;
};

// Called once a second with the second that is complete and all so far; false ends the run.
using Watch = std::function<bool(const Second&, const Measurement& total)>;

// Returns when the run is over. Fails when there are no threads to be had or, if the plan needs its
// connections, with kOverloaded when this machine has no more files or ports to give, and with
// kUnavailable when the target takes no more. Signals that are to stop it must be blocked in the
// calling thread.
base::Result<RunResult> RunLoad(const RunPlan& plan, const base::CancelFlag& stop,
                                const Watch& watch);

Second Summarise(std::uint64_t second, const Measurement& measured);

// The rate of good answers when a run has lasted so long; what the faster half of its first
// requests took is left out, in which none could come.
double RateSoFar(const Measurement& total, double lasted_s);

// Elapsed time and rates of a run whose schedule is so long (0: only its end tells) and that lasted
// until its last answer, or until it was stopped.
void SetRates(std::chrono::nanoseconds length, std::chrono::nanoseconds lasted, RunResult& result);

double Milliseconds(std::uint64_t nanoseconds);

}  // namespace sampleproc::loadtest
