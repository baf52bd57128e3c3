// A dispatcher with everything around it, and what the test decides of it.
#pragma once

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "consumer/dispatcher.h"
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
  void Reset() override {}
  base::Result<void> Probe() override { return {}; }
  void Interrupt() override {}

  // "id:ending:reason" of each, in order.
  std::vector<std::string> Settled() const {
    constexpr const char* kEndings[] = {"done", "dropped", "dead", "returned"};
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const Settlement& each : settled_) {
      lines.push_back(each.frame_id + ':' + kEndings[static_cast<int>(each.ending)] +
                      (each.reason.empty() ? "" : ":" + each.reason));
    }
    return lines;
  }

  bool takes_back = true;
  std::set<std::string> lost;  // frames that somebody else settles first

 private:
  mutable std::mutex mutex_;
  std::vector<Settlement> settled_;
};

// Pixels that arrive when the test lets them.
class Pixels final : public PixelLoader {
 public:
  base::Result<frame::Frame> Load(FrameEntry& entry, const base::Allowance&) override {
    std::unique_lock lock(mutex_);
    asked_.insert(entry.frame_id);
    events_.push_back("+" + entry.frame_id);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_.contains(entry.frame_id); });
    events_.push_back("-" + entry.frame_id);
    auto& failures = failures_[entry.frame_id];
    if (!failures.empty()) {
      const base::ErrorCode code = failures.back();
      failures.pop_back();
      return base::Fail(code, "as the test wants it");
    }
    frame::Frame frame;
    frame.frame_id = entry.frame_id;
    frame.camera_id = entry.camera_id;
    frame.storage.resize(64);
    frame.encoded = frame.storage;
    frame.raw = frame::RawDescription{frame::RawFormat::kGray8, 8, 8};
    return frame;
  }

  void Hold(const std::string& id) {
    const std::lock_guard lock(mutex_);
    held_.insert(id);
  }
  void Let(const std::string& id) {
    const std::lock_guard lock(mutex_);
    held_.erase(id);
    changed_.notify_all();
  }
  void AwaitAsked(const std::string& id) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_.contains(id); });
  }
  // Which frames were begun (+) and ended (-), in order.
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  void FailOn(const std::string& id, std::vector<base::ErrorCode> codes) { failures_[id] = codes; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> held_;
  std::set<std::string> asked_;
  std::vector<std::string> events_;
  std::map<std::string, std::vector<base::ErrorCode>> failures_;
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

// Everything around a dispatcher; set options before Start.
struct Bench {
  void Start(int workers = 2) {
    process.pipeline = {"stats"};
    auto started =
        process::WorkerPool::Start(workers, 100, {process, codec, budget, clock, cameras}, log);
    REQUIRE(started);
    pool = std::move(*started);
    dispatcher.emplace(DispatcherContext{upstream,
                                         sinks,
                                         pixels,
                                         *pool,
                                         {tracker, clock, metrics},
                                         budget,
                                         conditions,
                                         ledger,
                                         log},
                       DispatcherOptions{options, process});
  }
  ~Bench() {
    if (!dispatcher) return;
    dispatcher->Cancel();
    pool->StopWithin(std::chrono::hours(1));
    dispatcher.reset();
  }

  void Give(const std::string& id, std::optional<std::string> camera = {}, int deliveries = 1,
            std::optional<std::string> timestamp = {}) {
    Delivery delivery;
    delivery.ticket = ++tickets;
    delivery.deliveries = deliveries;
    delivery.entry.frame_id = id;
    delivery.entry.camera_id = std::move(camera);
    delivery.entry.timestamp = std::move(timestamp);
    std::vector<Delivery> deliveries_given;
    deliveries_given.push_back(std::move(delivery));
    dispatcher->Accept(std::move(deliveries_given));
  }

  // The pauses between two tries are by the clock, which stands still but for this. Meanwhile a
  // worker may be at a frame for any time, so none is allotted to it: set process.deadline to 0.
  void AwaitRetries(std::size_t settled) {
    while (upstream.Settled().size() < settled) {
      clock.Advance(std::chrono::milliseconds(5));
      std::this_thread::yield();
    }
  }

  // Waits until so many frames are settled, and tells how, in order.
  std::vector<std::string> AwaitSettled(std::size_t count) const {
    while (upstream.Settled().size() < count) std::this_thread::yield();
    return upstream.Settled();
  }

  Options options;
  process::Options process;
  codec::Options codec;
  sampleproc::testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  telemetry::Metrics metrics{clock, "test"};
  telemetry::Conditions conditions{clock, log};
  process::FrameTracker tracker{1000, log};
  resources::MemoryBudget budget{64 << 20};
  process::CameraStates cameras{1, budget};
  Upstream upstream;
  Pixels pixels;
  Sink* sink = new Sink;  // of `sinks`
  SinkSet sinks = [this] {
    std::vector<std::unique_ptr<ResultSink>> all;
    all.emplace_back(sink);
    return SinkSet(std::move(all));
  }();
  Ledger ledger{metrics};
  std::uint64_t tickets = 0;
  std::unique_ptr<process::WorkerPool> pool;
  std::optional<Dispatcher> dispatcher;
};

using Lines = std::vector<std::string>;

}  // namespace sampleproc::consumer::test
