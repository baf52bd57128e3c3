#include "loadtest/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "loadtest/collector.h"
#include "loadtest/thread_use.h"

namespace sampleproc::loadtest {
namespace {

using base::MonoTime;
using std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

struct ThreadResult {
  base::Result<void> done = {};
  Opening opening;
  std::uint64_t lost = 0;
  MonoTime last_answer;
  MonoTime ended;
  Histogram open;
  double cpu_s = 0;
  double waited_s = 0;
  double wall_s = 0;
};

LoopOptions ShareOf(const LoopOptions& all, std::size_t thread, std::size_t threads) {
  LoopOptions own = all;
  const auto share = [thread, threads](std::uint64_t count) {
    return count / threads + (thread < count % threads ? 1 : 0);
  };
  own.connections = share(all.connections);
  own.requests = share(all.requests);
  own.opened_at_once = std::max<std::size_t>(share(all.opened_at_once), 1);
  own.answer_bytes = all.answer_bytes / threads;
  return own;
}

// How often it is told how many connections are open.
constexpr std::chrono::seconds kTellOpening{1};

// Where the threads wait for each other: the first second of all begins when the last one has its
// connections, which takes a minute at most (OpenAhead).
class StartLine {
 public:
  explicit StartLine(std::size_t threads) : missing_(threads) {}
  StartLine(const StartLine&) = delete;
  StartLine& operator=(const StartLine&) = delete;

  // Of a thread that has its connections: returns with the start of the run when that has come.
  MonoTime Await() {
    const base::MutexLock lock(mutex_);
    --missing_;
    changed_.NotifyAll();
    while (!start_) changed_.Wait(mutex_);
    return *start_;
  }

  // Whether all threads wait, after at most `patience`.
  bool AreThere(std::chrono::nanoseconds patience) {
    const base::MutexLock lock(mutex_);
    const base::Deadline end(base::SystemClock(), patience);
    while (missing_ > 0 && !end.Expired()) changed_.WaitUntil(mutex_, end);
    return missing_ == 0;
  }

  // Lets them go; only the first call counts.
  MonoTime Go() {
    const base::MutexLock lock(mutex_);
    if (!start_) start_ = base::SystemClock().Now();
    changed_.NotifyAll();
    return *start_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  std::size_t missing_;
  std::optional<MonoTime> start_;
};

// One thread that could not even be started must not keep the others for ever.
class Starter {
 public:
  explicit Starter(StartLine& line) : line_(line) {}
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;
  ~Starter() { line_.Go(); }

 private:
  StartLine& line_;
};

// Fails when connections that were to be there are not: with kOverloaded when this machine has no
// more, with kUnavailable when the target takes no more.
base::Result<void> CheckOpened(const RunPlan& plan, const std::vector<ThreadResult>& threads) {
  std::size_t opened = 0;
  const Opening* why = nullptr;
  for (const ThreadResult& thread : threads) {
    opened += thread.opening.count();
    if (!thread.opening.missing.empty()) why = &thread.opening;
  }
  if (why == nullptr) return {};
  return base::Fail(
      IsOwnShortage(*why) ? base::ErrorCode::kOverloaded : base::ErrorCode::kUnavailable,
      DescribeShortage(opened, plan.loop.connections, *why));
}

void RunThread(const RunPlan& plan, std::size_t thread, StartLine& line,
               std::atomic<std::size_t>& opened, Collector& collector, const base::CancelFlag& stop,
               ThreadResult& result) {
  AskForPromptWakeUps();
  LoopOptions options = ShareOf(plan.loop, thread, plan.threads);
  options.length = plan.length;
  std::unique_ptr<Pacer> pacer;
  if (plan.make_pacer) pacer = PaceShare(plan.make_pacer(), thread, plan.threads);
  const std::unique_ptr<RequestMaker> maker = plan.make_maker(thread);
  const Deliver deliver = [&collector, thread](std::uint64_t second,
                                               std::unique_ptr<Measurement> measured) {
    return collector.Deliver(thread, second, std::move(measured));
  };
  LoadLoop loop(options, pacer.get(), *maker, deliver, stop);
  result.done = loop.Connect(opened);
  result.opening = loop.opening();
  const MonoTime start = line.Await();
  const ThreadTimes before = OwnTimes();
  const MonoTime began = base::SystemClock().Now();
  if (result.done) loop.Run(start);
  result.lost = loop.lost();
  result.last_answer = loop.last_answer();
  result.ended = loop.ended();
  result.open = loop.open();
  const ThreadTimes after = OwnTimes();
  result.cpu_s = after.cpu - before.cpu;
  result.waited_s = after.waited - before.waited;
  result.wall_s = Seconds(base::SystemClock().Now() - began).count();
  collector.Finish(thread);
}

void Conclude(const RunPlan& plan, MonoTime start, const std::vector<ThreadResult>& threads,
              RunResult& result) {
  MonoTime last = start;
  result.total.open.Clear();
  for (const ThreadResult& thread : threads) {
    result.opened_ahead += thread.opening.count();
    result.lost_ahead += thread.lost;
    last = std::max(last, result.stopped ? thread.ended : thread.last_answer);
    result.total.open.Merge(thread.open);
    const double wall = std::max(thread.wall_s, 1e-9);
    GeneratorUse& use = result.generator;
    use.cpu_s += thread.cpu_s;
    use.cpu = std::max(use.cpu, thread.cpu_s / wall);
    use.wanted = std::max(use.wanted, std::min((thread.cpu_s + thread.waited_s) / wall, 1.0));
  }
  SetRates(plan.length, last - start, result);
}

double SecondsOf(std::uint64_t count) { return static_cast<double>(count) / 1e9; }

double RateAfter(const Measurement& total, double lasted, double percentile) {
  const double taken = std::min(SecondsOf(total.first.ValueAt(percentile)), lasted / 2);
  return static_cast<double>(total.good) / std::max(lasted - taken, 1e-9);
}

// How far the median of these may be from that of as many others, by chance.
double Scatter(const Histogram& latency) {
  return SecondsOf(latency.ValueAt(90) - latency.ValueAt(10)) /
         std::sqrt(static_cast<double>(latency.count()));
}

// By how many seconds answers were later at the schedule's end than at its beginning.
double FellBehind(const Measurement& total, nanoseconds length) {
  if (total.first.count() == 0 || total.last.count() == 0) {
    return std::numeric_limits<double>::infinity();  // not known
  }
  const double later = SecondsOf(total.last.ValueAt(50)) - SecondsOf(total.first.ValueAt(50));
  if (later <= Scatter(total.first) + Scatter(total.last)) return 0;
  // The medians are of the middles of both stretches.
  return later * Seconds(length) / Seconds(length - EdgeOf(length));
}

}  // namespace

double RateSoFar(const Measurement& total, double lasted_s) {
  return RateAfter(total, lasted_s, 50);
}

Second Summarise(std::uint64_t second, const Measurement& measured) {
  return {.second = second,
          .intended = measured.intended,
          .good = measured.good,
          .errors = measured.ErrorCount(),
          .p50_ms = measured.PercentileOfAll(measured.corrected, 50),
          .p99_ms = measured.PercentileOfAll(measured.corrected, 99),
          .max_ms = measured.PercentileOfAll(measured.corrected, 100),
          .raw_p99_ms = measured.PercentileOfAll(measured.raw, 99),
          .send_lag_p99_ms = Milliseconds(measured.send_lag.ValueAt(99))};
}

void SetRates(nanoseconds length, nanoseconds lasted, RunResult& result) {
  const double planned = Seconds(length).count();
  const double took = Seconds(lasted).count();
  const bool by_schedule = planned > 0 && !result.stopped;
  result.elapsed_s = by_schedule ? std::max(took, planned) : took;
  const double elapsed = std::max(result.elapsed_s, 1e-9);
  result.intended_rate =
      static_cast<double>(result.total.intended) / (by_schedule ? planned : elapsed);
  // By the fastest tenth: the others may have waited for those before them already.
  result.achieved_rate = RateAfter(result.total, elapsed, 10);
  if (!by_schedule) return;
  const double window = planned + FellBehind(result.total, length);
  // One answer that is late must not count as if all had been.
  result.achieved_rate =
      std::min(std::max(result.achieved_rate, static_cast<double>(result.total.good) / window),
               static_cast<double>(result.total.good) / planned);
}

double Milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

base::Result<RunResult> RunLoad(const RunPlan& plan, const base::CancelFlag& stop,
                                const Watch& watch) {
  const base::CancelFlag stop_threads;
  const base::CancelWatch forward(stop, [stop_threads] { stop_threads.Cancel(); });
  Collector collector(plan.threads);
  std::vector<ThreadResult> results(plan.threads);
  StartLine line(plan.threads);
  std::atomic<std::size_t> opened = 0;
  RunResult result;
  base::Result<void> can_begin;
  MonoTime start;
  {
    std::vector<std::jthread> threads;
    const Starter starter(line);
    const MonoTime began = base::SystemClock().Now();
    for (std::size_t i = 0; i < plan.threads; ++i) {
      threads.emplace_back(
          [&, i] { RunThread(plan, i, line, opened, collector, stop_threads, results[i]); });
    }
    while (!line.AreThere(kTellOpening)) {
      if (plan.opening) plan.opening(opened.load(std::memory_order_relaxed), plan.loop.connections);
    }
    result.opening_s = Seconds(base::SystemClock().Now() - began).count();
    if (plan.needs_connections && !stop_threads.Cancelled()) can_begin = CheckOpened(plan, results);
    if (!can_begin) stop_threads.Cancel();
    if (plan.begins && !stop_threads.Cancelled()) plan.begins();
    start = line.Go();
    while (auto complete = collector.Take()) {
      if (!can_begin) continue;
      result.seconds.push_back(Summarise(complete->second, *complete->measured));
      result.total.open.Clear();
      result.total.Merge(*complete->measured);
      if (!watch(result.seconds.back(), result.total)) stop_threads.Cancel();
    }
  }
  if (!can_begin) return std::unexpected(can_begin.error());
  for (const ThreadResult& thread : results) {
    if (!thread.done) return std::unexpected(thread.done.error());
  }
  result.stopped = stop_threads.Cancelled();
  if (plan.loop.HoldsConnections()) result.held = plan.loop.connections;
  if (plan.connections_are_limit) result.connection_limit = plan.loop.connections;
  Conclude(plan, start, results, result);
  return result;
}

}  // namespace sampleproc::loadtest
