// Sixty-four cameras, more frames than can be worked on, and a clock that the test moves: one
// thread.
#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "consumer/dispatcher.h"
#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;

constexpr int kCameras = 64;

// Jain's index of fairness: 1 when all have the same, 1/n when one has all.
double Jain(const std::vector<double>& shares) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  const double squares =
      std::accumulate(shares.begin(), shares.end(), 0.0,
                      [](double so_far, double each) { return so_far + each * each; });
  return squares == 0 ? 0 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

// Never called: the frames have their pixels.
class NoFetchers final : public Fetchers {
 public:
  void Start(PixelPlace, base::Allowance, OnFetched) override { FAIL("nothing is to be fetched"); }
};

class NextTick final : public Wakeups {
 public:
  void At(base::MonoTime when) override { next = next ? std::min(*next, when) : when; }
  std::optional<base::MonoTime> next;
};

// One worker.
class OneWorker final : public Workers {
 public:
  base::Result<void> Submit(Visit visit) override {
    queue.push_back(std::move(visit));
    return {};
  }
  int count() const override { return 1; }
  int Stuck(milliseconds) const override { return 0; }

  std::deque<Visit> queue;
};

struct Outcome {
  double jain = 0;
  double done = 0;  // of all that could have been worked on
  milliseconds oldest{0};
  double mean_age_seconds = 0;
  double least = 0;  // frames of a camera that were worked on, of those that it had; not the large
  double large = 0;  // of the worker's time that the camera with the large frames had
};

// Each of the cameras has a frame every 100 ms; together they are `behind` times what the worker
// can do. A frame of the first camera is the work of `large` others, which come on top of that.
Outcome Run(milliseconds max_age, double behind, std::size_t pull, int large = 1) {
  Options options;
  options.max_age = max_age;
  process::Options process;
  testing::FakeClock clock;
  sampleproc::test::NullLogger log;
  telemetry::Registry registry{clock};
  process::Metrics frames{registry, clock};
  Metrics metrics{registry};
  telemetry::Conditions conditions{clock, log};
  process::FrameTracker tracker{1000, log};
  resources::MemoryBudget budget{64 << 20};
  test::Upstream upstream;
  test::Pixels pixels;
  SinkSet sinks;
  Ledger ledger{metrics, frames};
  NoFetchers fetchers;
  OneWorker worker;
  NextTick wakeups;
  Dispatcher dispatcher({upstream,
                         sinks,
                         pixels,
                         fetchers,
                         worker,
                         wakeups,
                         {tracker, clock, frames},
                         budget,
                         ledger,
                         conditions,
                         log},
                        {options, process});

  const auto frame_time = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>(100 * behind / kCameras));
  const auto time_of = [&](const std::string& id) {
    return id.starts_with("0-") ? frame_time * large : frame_time;
  };
  const base::MonoTime begin = clock.Now();
  const auto end = begin + std::chrono::seconds(20);
  std::deque<Delivery> stream;  // what the source has
  std::map<std::string, double> done;
  std::map<std::string, base::MonoTime> born;
  std::optional<Visit> at_work;
  std::string at_work_id;
  base::MonoTime at_work_until{};
  base::MonoTime next_round = begin;
  std::uint64_t number = 0;
  Outcome outcome;
  double ages = 0;
  double worked = 0;
  std::uint64_t ticket = 0;
  while (clock.Now() < end) {
    if (clock.Now() >= next_round) {
      next_round += milliseconds(100);
      for (int camera = 0; camera < kCameras; ++camera) {
        const std::string id = std::to_string(camera) + "-" + std::to_string(number++);
        Delivery delivery = test::Bench::Made(
            id, std::to_string(camera), 1,
            std::to_string(std::chrono::duration<double>(clock.Wall().time_since_epoch()).count()));
        delivery.entry.frame_data.resize(8);
        delivery.ticket = ++ticket;
        born[id] = clock.Now();
        stream.push_back(std::move(delivery));
      }
    }
    for (std::size_t room = dispatcher.Room(); room > 0 && !stream.empty();
         room = dispatcher.Room()) {
      std::vector<Delivery> batch;
      for (std::size_t i = 0; i < std::min(room, pull) && !stream.empty(); ++i) {
        batch.push_back(std::move(stream.front()));
        stream.pop_front();
      }
      dispatcher.Accept(std::move(batch));
    }
    if (at_work && clock.Now() >= at_work_until) {
      frame::FrameResult result;
      result.frame_id = at_work_id;
      done[at_work_id.substr(0, at_work_id.find('-'))] += 1;
      const auto age = std::chrono::duration_cast<milliseconds>(clock.Now() - born[at_work_id]);
      outcome.oldest = std::max(outcome.oldest, age);
      ages += std::chrono::duration<double>(age).count();
      ++worked;
      Visit visit = std::move(*at_work);
      at_work.reset();
      visit.end(std::move(result));
    }
    while (!at_work && !worker.queue.empty()) {
      Visit visit = std::move(worker.queue.front());
      worker.queue.pop_front();
      if (const auto assigned = visit.begin()) {
        at_work_id = assigned->frame.frame_id;
        at_work_until = clock.Now() + time_of(at_work_id);
        at_work.emplace(std::move(visit));
      }
    }
    base::MonoTime next = next_round;
    if (at_work) next = std::min(next, at_work_until);
    if (wakeups.next) next = std::min(next, *wakeups.next);
    if (next > clock.Now()) clock.Advance(next - clock.Now());
    if (wakeups.next && clock.Now() >= *wakeups.next) {
      wakeups.next.reset();
      dispatcher.Tick();
    }
  }
  dispatcher.Stop();
  std::vector<double> shares;
  for (int camera = 0; camera < kCameras; ++camera) shares.push_back(done[std::to_string(camera)]);
  outcome.jain = Jain(shares);
  outcome.large = shares[0] * (frame_time * large / std::chrono::duration<double>(end - begin));
  outcome.least = *std::min_element(shares.begin() + 1, shares.end()) /
                  (static_cast<double>(number) / kCameras);
  outcome.done = worked / (std::chrono::duration<double>(end - begin) / frame_time);
  outcome.mean_age_seconds = ages / worked;
  return outcome;
}

TEST_CASE(
    "with max_age each camera has its share of what can be done, and not at the last moment") {
  for (const int behind : {2, 5, 20}) {
    CAPTURE(behind);
    const Outcome outcome = Run(milliseconds(2'000), behind, 10);
    CAPTURE(outcome.jain, outcome.done, outcome.oldest.count(), outcome.mean_age_seconds);
    CHECK(outcome.jain >= 0.9);
    CHECK(outcome.done >= 0.9);
    CHECK(outcome.mean_age_seconds < 1.7);
  }
}

TEST_CASE("with max_age and enough time nothing is dropped for want of it") {
  const Outcome outcome = Run(milliseconds(2'000), 1, 10);
  CAPTURE(outcome.jain, outcome.done);
  CHECK(outcome.jain >= 0.999);
  CHECK(outcome.done >= 0.97);
}

TEST_CASE("frames of a camera with a max_age of its own take no room, and only they are dropped") {
  constexpr int kFrames = 300;
  constexpr int kKept = 20;
  const std::map<std::string, cameras::Options, std::less<>> of_its_own = {
      {"short", {.max_age = std::chrono::hours(1)}}};
  const cameras::Directory directory({}, of_its_own);
  test::Bench bench;
  bench.cameras = &directory;
  bench.hold_at_workers = {"first"};
  bench.Start(1);
  bench.GiveWithPixels("first");
  bench.hands->AwaitBegun("first");
  for (int i = 0; i < kFrames; ++i) bench.GiveWithPixels("s" + std::to_string(i), "short");
  CHECK(bench.dispatcher->Room() >= static_cast<std::size_t>(bench.options.batch_size));
  const auto dropped = bench.upstream.Settled();
  CHECK(dropped.size() >= kFrames - PullRoom::kReadAhead - 20);  // some are with the worker
  for (const auto& line : dropped) CHECK(line.ends_with(":dropped:max_age"));
  for (int i = 0; i < kKept; ++i) bench.GiveWithPixels("k" + std::to_string(i), "kept");
  CHECK(bench.upstream.Settled().size() == dropped.size());
  bench.hands->Let("first");
  int done = 0;
  for (const auto& line : bench.AwaitSettled(1 + kFrames + kKept)) done += line.ends_with(":done");
  CHECK(done == 1 + kFrames + kKept - static_cast<int>(dropped.size()));
}

TEST_CASE("a camera whose frames are large takes the time that is left, not that of the others") {
  // The others need half of the worker's time; the one alone would need all of it.
  for (const milliseconds max_age : {milliseconds(2'000), milliseconds(500)}) {
    const Outcome outcome = Run(max_age, 0.5, 10, 2 * kCameras);
    CAPTURE(max_age.count(), outcome.least, outcome.large, outcome.mean_age_seconds);
    CHECK(outcome.least >= 0.97);
    CHECK(outcome.large >= 0.4);
    CHECK(outcome.mean_age_seconds < 0.15);
  }
}

}  // namespace
}  // namespace sampleproc::consumer
