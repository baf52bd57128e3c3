#include "consumer/sinks/sink_queue.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/counting_log.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using Strings = std::vector<std::string>;

// The other side: what it was given, and whether it is there.
class Target final : public SinkTarget {
 public:
  std::string_view name() const override { return "test"; }

  base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                const base::Allowance& allowance) override {
    std::unique_lock lock(mutex_);
    ++attempts_;
    changed_.notify_all();
    while (silent_ && passes_ == 0) {
      if (auto allowed = allowance.Check("a test"); !allowed) {
        return std::unexpected(std::move(allowed.error()));
      }
      changed_.wait_for(lock, std::chrono::milliseconds(1));
    }
    passes_ = std::max(0, passes_ - 1);
    if (away_) return base::Fail(ErrorCode::kUnavailable, "it is away");
    Settled settled;
    if (records.front()->json == "throws") throw std::runtime_error("a bug");
    for (const ResultRecord* record : records) {
      if (record->json == "throws") break;
      const bool refused = record->json == "refused";
      if (refused) settled.refusal = "it does not want " + record->frame_id;
      if (!refused) got_.push_back(record->frame_id);
      ++(refused ? settled.refused : settled.delivered);
      if (settled.delivered + settled.refused == most_) break;
    }
    return settled;
  }

  void Set(bool away, bool silent = false) {
    const std::lock_guard lock(mutex_);
    away_ = away;
    silent_ = silent;
    changed_.notify_all();
  }
  void Pass() {  // one delivery, though it is silent
    const std::lock_guard lock(mutex_);
    ++passes_;
  }
  void AwaitAttempts(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return attempts_ >= count; });
  }
  void TakeAtMost(std::size_t most) { most_ = most; }
  Strings got() {
    const std::lock_guard lock(mutex_);
    return got_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Strings got_;
  int attempts_ = 0;
  int passes_ = 0;
  bool away_ = false;
  bool silent_ = false;
  std::size_t most_ = 1000;
};

struct Bench {
  explicit Bench(std::size_t bytes = 1 << 20) : budget(bytes), target(new Target) {
    queue.emplace(
        std::unique_ptr<SinkTarget>(target), *budget.TryReserve(bytes, "a test"),
        [](int) { return std::chrono::milliseconds(1); }, SinkQueueContext{clock, conditions, log});
  }
  // The reason of the condition, "" without one.
  std::string Problem() {
    queue->Look();
    const auto all = conditions.List();
    return all.empty() ? "" : all.front().reason;
  }
  void Give(int first, int count) {
    for (int i = first; i < first + count; ++i) queue->Take({std::to_string(i), "{}"});
  }
  Strings Ids(int count) const {
    Strings ids;
    for (int i = 0; i < count; ++i) ids.push_back(std::to_string(i));
    return ids;
  }

  test::CountingLog log;
  testing::FakeClock clock;
  telemetry::Conditions conditions{clock, log};
  resources::MemoryBudget budget;
  Target* target;  // the queue's
  std::optional<SinkQueue> queue;
};

TEST_CASE("a delivery whose answer does not end has failed and is tried again") {
  Bench bench;
  bench.target->Set(false, true);
  bench.Give(0, 1);
  bench.target->AwaitAttempts(1);
  bench.clock.Advance(SinkQueue::kLongestDelivery);
  bench.target->AwaitAttempts(2);
  CHECK(bench.Problem().find("cannot be delivered") != std::string::npos);
  bench.target->Set(false, false);
  while (bench.target->got().empty()) std::this_thread::yield();
}

TEST_CASE("a sink delivers in order what it is given, as much at a time as is taken") {
  Bench bench;
  bench.target->TakeAtMost(3);
  bench.Give(0, 200);
  bench.queue->Flush({});
  CHECK(bench.target->got() == bench.Ids(200));
  const SinkCounts counts = bench.queue->counts();
  CHECK(counts.taken == 200);
  CHECK(counts.delivered == 200);
  CHECK(counts.held() == 0);
}

TEST_CASE("what comes while the other side is away is delivered when it is back") {
  Bench bench;
  bench.target->Set(true);
  bench.Give(0, 50);
  bench.target->AwaitAttempts(3);
  CHECK(bench.queue->counts().failing);
  bench.Give(50, 50);
  CHECK(bench.target->got().empty());
  bench.target->Set(false);
  bench.queue->Flush({});
  CHECK(bench.target->got() == bench.Ids(100));
  CHECK_FALSE(bench.queue->counts().failing);
}

TEST_CASE("beyond its bound a sink loses the newest and says how many") {
  Bench bench(4096);
  bench.target->Set(true);
  bench.Give(0, 100);
  const SinkCounts counts = bench.queue->counts();
  CHECK(counts.lost > 0);
  CHECK(counts.held() > 10);
  bench.target->Set(false);
  bench.queue->Flush({});
  CHECK(bench.target->got() == bench.Ids(100 - static_cast<int>(counts.lost)));
  bench.Give(0, 1);  // there is room again
  CHECK(bench.queue->counts().lost == counts.lost);
}

TEST_CASE("what is refused for good is counted and holds nobody up") {
  Bench bench;
  bench.queue->Take({"a", "refused"});
  bench.queue->Take({"b", "{}"});
  bench.queue->Flush({});
  CHECK(bench.target->got() == Strings{"b"});
  CHECK(bench.queue->counts().refused == 1);
  CHECK(bench.queue->counts().delivered == 1);
}

TEST_CASE("what throws costs one record, not the thread") {
  Bench bench;
  for (const char* json : {"{}", "throws", "{}"}) bench.queue->Take({json, json});
  bench.queue->Flush({});
  CHECK(bench.target->got() == Strings{"{}", "{}"});
  CHECK(bench.queue->counts().refused == 1);
  CHECK(bench.Problem() == "results are refused and counted as such: a bug");
}

TEST_CASE("another side that is away is told until it is back") {
  Bench bench;
  CHECK(bench.Problem().empty());
  bench.target->Set(true);
  bench.Give(0, 1);
  bench.target->AwaitAttempts(2);
  CHECK(bench.Problem().find("results cannot be delivered: it is away, the next try is in ") == 0);
  bench.target->Set(false);
  bench.queue->Flush({});
  CHECK(bench.Problem().empty());
}

TEST_CASE("another side that hangs is told within seconds") {
  Bench bench;
  bench.target->Set(false, true);
  bench.Give(0, 1);
  bench.target->AwaitAttempts(1);
  CHECK(bench.Problem().empty());
  bench.clock.Advance(SinkQueue::kOverdue + std::chrono::seconds(2));
  CHECK(bench.Problem() == "a result that was sent has no answer for 7 s");
  CHECK(bench.queue->counts().failing);
  bench.target->Set(false);
  bench.queue->Flush({});
  CHECK(bench.Problem().empty());
}

TEST_CASE("refusals are told until results are taken again, and for a while after the last one") {
  Bench bench;
  bench.queue->Take({"a", "refused"});
  bench.queue->Flush({});
  const std::string told = "results are refused and counted as such: it does not want a";
  CHECK(bench.Problem() == told);
  CHECK(bench.queue->counts().failing);
  bench.clock.Advance(2 * SinkQueue::kThrownAwayLasts);
  CHECK(bench.Problem() == told);  // nobody knows better
  bench.queue->Take({"b", "refused"});
  bench.queue->Flush({});
  bench.Give(0, 1);
  bench.queue->Flush({});
  CHECK_FALSE(bench.Problem().empty());
  bench.clock.Advance(SinkQueue::kThrownAwayLasts);
  CHECK(bench.Problem().empty());
}

TEST_CASE("losses are told while they last, and a second time when they begin again") {
  Bench bench(4096);
  for (int time = 1; time <= 2; ++time) {
    bench.target->Set(true);
    const auto lost_before = bench.queue->counts().lost;
    bench.Give(0, 100);
    const auto lost = bench.queue->counts().lost - lost_before;
    CHECK(lost > 0);
    bench.target->Set(false);
    bench.queue->Flush({});
    CHECK(bench.Problem() ==
          "it takes results more slowly than they come, and consumer.sink_buffer is full: " +
              std::to_string(lost) + " are lost so far");
    CHECK(bench.queue->counts().failing);
    bench.clock.Advance(SinkQueue::kThrownAwayLasts);
    CHECK(bench.Problem().empty());
    CHECK_FALSE(bench.queue->counts().failing);
    CHECK(bench.log.Count("sink: results are lost, there is no room to keep them "
                          "(consumer.sink_buffer)") == time);
    bench.clock.Advance(telemetry::Conditions::kSoon);  // else it is watched for longer
  }
}

TEST_CASE("what is made again is known of each record, as its spool is then") {
  const testing::TempDir dir;
  const std::string path = (dir.path() / "1.json").string();
  std::ofstream(path) << "frames";
  const auto spooled = std::make_shared<const SpooledAnswer>(path);
  const std::string said =
      "it takes results more slowly than they come, and consumer.sink_buffer is full: ";
  Bench bench(4096);
  bench.target->Set(false, true);
  for (int i = 0; i < 100; ++i) {
    bench.queue->Take({.frame_id = std::to_string(i), .json = "{}", .spooled = spooled});
  }
  SinkCounts counts = bench.queue->counts();
  const std::uint64_t put_off = counts.put_off;
  CHECK(put_off > 0);
  CHECK(counts.lost == put_off);
  const std::string of_spooled = std::to_string(put_off) +
                                 " are put off so far, their frames stay in the spool and are done "
                                 "again";
  CHECK(bench.Problem() == said + of_spooled);
  bench.Give(0, 3);  // of a camera that the service takes its pictures of itself
  CHECK(bench.queue->counts().put_off == put_off);
  CHECK(bench.queue->counts().lost == put_off + 3);
  CHECK(bench.Problem() == said + "3 are lost so far, " + of_spooled);
  CHECK(bench.queue->HeldForAgain() == counts.held());
  std::filesystem::remove(path);
  CHECK(bench.queue->HeldForAgain() == 0);
  bench.queue->Take({.frame_id = "late", .json = "{}", .spooled = spooled});
  CHECK(bench.queue->counts().lost == put_off + 4);
  CHECK(bench.queue->counts().put_off == put_off);
}

TEST_CASE("of what a sink holds that which no spool holds counts apart") {
  const testing::TempDir dir;
  const std::string path = (dir.path() / "1.json").string();
  std::ofstream(path) << "frames";
  Bench bench;
  bench.target->Set(true);
  for (const auto& spooled :
       {std::make_shared<const SpooledAnswer>(path), std::shared_ptr<const SpooledAnswer>(),
        std::make_shared<const SpooledAnswer>(path + ".gone")}) {
    for (int i = 0; i < 2; ++i) {
      bench.queue->Take({.frame_id = "f", .json = "{}", .spooled = spooled});
    }
  }
  CHECK(bench.queue->counts().held() == 6);
  CHECK(bench.queue->HeldForAgain() == 2);
}

TEST_CASE("another side that takes results more slowly than they come is told") {
  Bench bench;
  bench.target->TakeAtMost(1);
  bench.target->Set(false, true);
  bench.Give(0, 5);
  bench.target->AwaitAttempts(1);
  for (int taken = 1; taken <= 3; ++taken) {
    CHECK(bench.Problem().empty());
    bench.clock.Advance(std::chrono::seconds(4));  // no delivery takes too long
    bench.target->Pass();
    bench.target->AwaitAttempts(taken + 1);
  }
  CHECK(bench.Problem() ==
        "it takes results more slowly than they come: the oldest of 2 has waited for 12 s");
  CHECK(bench.queue->counts().failing);
  bench.target->Set(false);
  bench.queue->Flush({});
  CHECK(bench.Problem().empty());
  CHECK_FALSE(bench.queue->counts().failing);
}

TEST_CASE("a sink that is away and loses results says both") {
  Bench bench(4096);
  bench.target->Set(true);
  bench.Give(0, 1);
  bench.target->AwaitAttempts(2);
  bench.Give(1, 100);
  CHECK(bench.Problem().find("results cannot be delivered: it is away, the next try is in ") == 0);
  bench.clock.Advance(2 * SinkQueue::kThrownAwayLasts);
  CHECK(bench.Problem().find("are lost so far") != std::string::npos);  // there is no room yet
}

TEST_CASE("the end does not wait for another side that is away or silent") {
  const bool silent = GENERATE(false, true);
  Bench bench;
  bench.target->Set(true, silent);
  bench.Give(0, 3);
  bench.target->AwaitAttempts(1);
  bench.queue->Flush(base::Deadline(base::SystemClock(), std::chrono::milliseconds(20)));
  CHECK(bench.queue->counts().held() == 3);
  bench.queue.reset();
  CHECK(bench.budget.used() == 0);
}

}  // namespace
}  // namespace sampleproc::consumer
