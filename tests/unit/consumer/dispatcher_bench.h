// A dispatcher with everything around it, and what the test decides of it.
#pragma once

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "consumer/dispatcher.h"
#include "consumer/pixels/fetch_threads.h"
#include "consumer/wakeup_thread.h"
#include "support/fake_clock.h"
#include "support/null_logger.h"

namespace sampleproc::consumer::test {

// An upstream that keeps what became of its frames; the pull is the test's.
class Upstream final : public FrameSource {
 public:
  base::Result<std::vector<Delivery>> Pull(std::size_t) override { return {}; }
  void Settle(Settlement settlement, OnSettled done) override {
    const bool ours = !lost.contains(settlement.frame_id);
    {
      const std::lock_guard lock(mutex_);
      settled_.push_back(std::move(settlement));
    }
    done(ours);
  }
  bool TakesBack() const override { return takes_back; }
  bool HandsOutAgain(const Delivery&) const override { return takes_back || hands_out_again; }
  std::size_t Parked() const override { return parked_; }
  void OnParked(std::function<void()> told) override { told_parked_ = std::move(told); }
  void Park(std::size_t count) {
    parked_ = count;
    told_parked_();
  }
  void Reset() override {}
  base::Result<void> Probe() override { return {}; }
  void Interrupt(const base::Deadline& /*end*/) override {}

  // "id:ending:reason" of each, in order.
  std::vector<std::string> Settled() const {
    constexpr const char* kEndings[] = {"done", "dropped", "dead", "returned"};
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const Settlement& each : settled_) {
      lines.push_back(each.frame_id + ':' + kEndings[static_cast<int>(each.ending)] +
                      (each.reason.empty() ? "" : ":" + std::string(each.reason)));
    }
    return lines;
  }

  bool takes_back = true;
  bool hands_out_again = false;
  std::set<std::string> lost;  // frames that somebody else settles first

 private:
  mutable std::mutex mutex_;
  std::vector<Settlement> settled_;
  std::atomic<std::size_t> parked_ = 0;
  std::function<void()> told_parked_;
};

// Pixels that arrive when the test lets them, on the threads that fetch. A frame is at the hosts
// that its URL says, "one|another", if it has one.
class Pixels final : public PixelLoader {
 public:
  std::vector<PixelPlace> PlacesOf(const FrameEntry& entry) const override {
    std::vector<PixelPlace> places;
    const std::string hosts = entry.frame_url.empty() ? "here" : entry.frame_url;
    for (const auto host : std::views::split(hosts, '|')) {
      const std::string name(host.begin(), host.end());
      const bool is_key = name == "redis";
      places.push_back(
          {is_key ? PixelPlace::Kind::kRedisKey : PixelPlace::Kind::kUrl, entry.frame_id, name});
    }
    return places;
  }
  base::Result<FetchedPixels> Fetch(const PixelPlace& place,
                                    const base::Allowance& allowance) override {
    base::MutexLock lock(mutex_);
    asked_.push_back(place.name);
    changed_.NotifyAll();
    while (held_.contains(place.name) || held_.contains(place.host)) {
      if (auto allowed = allowance.Check("a test"); !allowed) {
        return std::unexpected(allowed.error());
      }
      changed_.WaitUntil(mutex_, allowance.deadline, allowance.cancel);
    }
    if (const auto down = down_.find(place.host); down != down_.end()) {
      return base::Fail(down->second, "connection refused");
    }
    auto& failures = failures_[place.name];
    if (!failures.empty()) {
      const base::ErrorCode code = failures.back();
      failures.pop_back();
      return base::Fail(code, "as the test wants it");
    }
    auto reserved = budget_->TryReserve(kBytes, "a test's pixels");
    if (!reserved) return std::unexpected(reserved.error());
    return FetchedPixels{std::string(kBytes, 'x'), std::move(*reserved)};
  }

  void Hold(const std::string& id_or_host) {
    const base::MutexLock lock(mutex_);
    held_.insert(id_or_host);
  }
  void Let(const std::string& id_or_host) {
    const base::MutexLock lock(mutex_);
    held_.erase(id_or_host);
    changed_.NotifyAll();
  }
  void Down(const std::string& host, base::ErrorCode code = base::ErrorCode::kUnavailable) {
    const base::MutexLock lock(mutex_);
    down_[host] = code;
  }
  void Up(const std::string& host) {
    const base::MutexLock lock(mutex_);
    down_.erase(host);
  }
  void AwaitAsked(const std::string& id) {
    base::MutexLock lock(mutex_);
    while (std::ranges::count(asked_, id) == 0) changed_.Wait(mutex_);
  }
  std::size_t asked(const std::string& id) {
    const base::MutexLock lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(asked_, id));
  }
  void FailOn(const std::string& id, std::vector<base::ErrorCode> codes) {
    const base::MutexLock lock(mutex_);
    failures_[id] = std::move(codes);
  }
  void PaidBy(resources::MemoryBudget& budget) { budget_ = &budget; }

  static constexpr std::size_t kBytes = 64;  // eight rows of eight pixels

 private:
  resources::MemoryBudget* budget_ = nullptr;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::set<std::string> held_ GUARDED_BY(mutex_);
  std::vector<std::string> asked_ GUARDED_BY(mutex_);
  std::map<std::string, base::ErrorCode> down_ GUARDED_BY(mutex_);
  std::map<std::string, std::vector<base::ErrorCode>> failures_ GUARDED_BY(mutex_);
};

// Workers that are at a frame until the test says how it ended.
class Hands final : public Workers {
 public:
  explicit Hands(int count) : count_(count) {}
  ~Hands() override { Stop(); }

  base::Result<void> Submit(Visit visit) override {
    const base::MutexLock lock(mutex_);
    if (stopped_) return base::Fail(base::ErrorCode::kShuttingDown, "the test ends");
    queue_.push_back(std::move(visit));
    changed_.NotifyAll();
    return {};
  }
  int count() const override { return count_; }
  int Stuck(std::chrono::milliseconds) const override { return stuck; }

  // Works on what is held by the test from now on as it comes, one thread for each hand.
  void Start() {
    for (int i = 0; i < count_; ++i) threads_.emplace_back([this] { Work(); });
  }
  void Stop() {
    {
      const base::MutexLock lock(mutex_);
      stopped_ = true;
      held_.clear();
      changed_.NotifyAll();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void Hold(const std::string& id) {
    const base::MutexLock lock(mutex_);
    held_.insert(id);
  }
  void Let(const std::string& id) {
    const base::MutexLock lock(mutex_);
    held_.erase(id);
    changed_.NotifyAll();
  }
  void FailOn(const std::string& id, std::vector<base::ErrorCode> codes) {
    const base::MutexLock lock(mutex_);
    failures_[id] = std::move(codes);
  }
  void AwaitBegun(const std::string& id) {
    base::MutexLock lock(mutex_);
    while (std::ranges::count(events_, "+" + id) == 0) changed_.Wait(mutex_);
  }
  // Which frames were begun (+) and ended (-), in order.
  std::vector<std::string> events() {
    const base::MutexLock lock(mutex_);
    return events_;
  }
  std::size_t idle() {
    const base::MutexLock lock(mutex_);
    return idle_;
  }

  std::atomic<int> stuck = 0;

 private:
  void Work() {
    base::MutexLock lock(mutex_);
    for (;;) {
      ++idle_;
      while (queue_.empty() && !stopped_) changed_.Wait(mutex_);
      --idle_;
      if (queue_.empty()) return;
      Visit visit = std::move(queue_.front());
      queue_.pop_front();
      lock.Unlock();
      const auto assigned = visit.begin();
      if (assigned) {
        visit.end(LookAt(assigned->frame, assigned->allowance));
      }
      visit = {};
      lock.Lock();
    }
  }

  base::Result<frame::FrameResult> LookAt(const frame::Frame& frame,
                                          const base::Allowance& allowance) {
    const std::string& id = frame.frame_id;
    base::MutexLock lock(mutex_);
    events_.push_back("+" + id);
    changed_.NotifyAll();
    while (held_.contains(id)) changed_.Wait(mutex_);
    events_.push_back("-" + id);
    if (auto allowed = allowance.Check("a test"); !allowed) {
      return std::unexpected(allowed.error());
    }
    auto& failures = failures_[id];
    if (!failures.empty()) {
      const base::ErrorCode code = failures.back();
      failures.pop_back();
      return base::Fail(code, "as the test wants it");
    }
    frame::FrameResult result;
    result.frame_id = id;
    result.camera_id = frame.camera_id;
    result.format = "gray8";
    return result;
  }

  const int count_;
  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Visit> queue_ GUARDED_BY(mutex_);
  std::set<std::string> held_ GUARDED_BY(mutex_);
  std::vector<std::string> events_ GUARDED_BY(mutex_);
  std::map<std::string, std::vector<base::ErrorCode>> failures_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

class Sink final : public ResultSink {
 public:
  std::string_view name() const override { return "test"; }
  void Take(const ResultRecord& record) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(record.frame_id + ' ' + record.json);
  }
  void Flush(const base::Deadline&) override {}
  SinkCounts counts() const override { return {}; }
  std::vector<std::string> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
};

// Everything around a dispatcher; set options before Start. Real threads fetch and tick; time is
// the test's.
struct Bench {
  void Start(int workers = 2) {
    pixels.PaidBy(budget);
    hands.emplace(workers);
    for (const auto& id : hold_at_workers) hands->Hold(id);
    for (const auto& [id, codes] : fail_at_workers) hands->FailOn(id, codes);
    fetchers.emplace(options.fetches, pixels, log);
    wakeups.emplace(clock);
    dispatcher.emplace(DispatcherContext{upstream,
                                         sinks,
                                         pixels,
                                         *fetchers,
                                         *hands,
                                         *wakeups,
                                         {tracker, clock, frames},
                                         budget,
                                         ledger,
                                         conditions,
                                         log,
                                         nullptr,
                                         cameras,
                                         worker_cpu},
                       DispatcherOptions{options, process});
    wakeups->Run([this] { dispatcher->Tick(); });
    hands->Start();
  }
  ~Bench() {
    if (!dispatcher) return;
    wakeups->Stop();
    dispatcher->Cancel();
    fetchers->Stop();
    hands->Stop();
    dispatcher.reset();
  }

  static Delivery Made(const std::string& id, std::optional<std::string> camera = {},
                       int deliveries = 1, std::optional<std::string> timestamp = {}) {
    Delivery delivery;
    delivery.deliveries = deliveries;
    delivery.entry.frame_id = id;
    delivery.entry.camera_id = std::move(camera);
    delivery.entry.timestamp = std::move(timestamp);
    return delivery;
  }
  void Give(Delivery delivery) {
    delivery.ticket = ++tickets;
    std::vector<Delivery> deliveries;
    deliveries.push_back(std::move(delivery));
    dispatcher->Accept(std::move(deliveries));
  }
  void Give(const std::string& id, std::optional<std::string> camera = {}, int deliveries = 1,
            std::optional<std::string> timestamp = {}) {
    Give(Made(id, std::move(camera), deliveries, std::move(timestamp)));
  }
  void GiveAt(const std::string& host, const std::string& id,
              std::optional<std::string> camera = {}, int deliveries = 1) {
    Delivery delivery = Made(id, std::move(camera), deliveries);
    delivery.entry.frame_url = host;
    Give(std::move(delivery));
  }
  void GiveWithPixels(const std::string& id, std::optional<std::string> camera = {},
                      int deliveries = 1) {
    Delivery delivery = Made(id, std::move(camera), deliveries);
    delivery.entry.frame_data.resize(Pixels::kBytes);
    Give(std::move(delivery));
  }

  // The pauses between two tries are by the clock, which stands still but for this.
  void AwaitRetries(std::size_t settled) {
    while (Counted() < settled) {
      clock.Advance(std::chrono::milliseconds(5));
      std::this_thread::yield();
    }
  }

  // Waits until so many frames are settled, and tells how, in order.
  std::vector<std::string> AwaitSettled(std::size_t count) const {
    while (Counted() < count) std::this_thread::yield();
    return upstream.Settled();
  }

  // Frames that are settled, counted and with the sinks: the upstream is the first to know.
  std::size_t Counted() const {
    const Ledger::Totals totals = ledger.totals();
    return totals.offered - totals.held();
  }

  Options options;
  process::Options process = [] {
    process::Options made;
    made.deadline = {};
    return made;
  }();
  const cameras::Directory* cameras = nullptr;
  std::vector<std::string> hold_at_workers;
  std::map<std::string, std::vector<base::ErrorCode>> fail_at_workers;
  sampleproc::testing::FakeClock clock;
  const base::Clock* worker_cpu = nullptr;
  sampleproc::test::NullLogger log;
  telemetry::Registry registry{clock};
  process::Metrics frames{registry, clock};
  Metrics metrics{registry};
  telemetry::Conditions conditions{clock, log};
  process::FrameTracker tracker{1000, log};
  resources::MemoryBudget budget{64 << 20};
  Upstream upstream;
  Pixels pixels;
  Sink* sink = new Sink;  // of `sinks`
  SinkSet sinks = [this] {
    std::vector<std::unique_ptr<ResultSink>> all;
    all.emplace_back(sink);
    return SinkSet(std::move(all));
  }();
  Ledger ledger{metrics, frames};
  std::uint64_t tickets = 0;
  std::optional<Hands> hands;
  std::optional<FetchThreads> fetchers;
  std::optional<WakeupThread> wakeups;
  std::optional<Dispatcher> dispatcher;
};

using Lines = std::vector<std::string>;

}  // namespace sampleproc::consumer::test
