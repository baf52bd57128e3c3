// Sixty-four hosts that hang, one that is well, and a clock that the test moves: one thread.
#include <algorithm>
#include <catch2/catch.hpp>
#include <list>
#include <string>
#include <utility>

#include "consumer/dispatcher.h"
#include "unit/consumer/dispatcher_bench.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kHanging = 64;

class NoWakeups final : public Wakeups {
 public:
  void At(base::MonoTime) override {}
};

// Workers that are done at once.
class QuickWorkers final : public Workers {
 public:
  base::Result<void> Submit(Visit visit) override {
    visits.push_back(std::move(visit));
    return {};
  }
  int count() const override { return 2; }
  int Stuck(milliseconds) const override { return 0; }
  void Work() {
    while (!visits.empty()) {
      Visit visit = std::move(visits.front());
      visits.pop_front();
      if (const auto assigned = visit.begin()) {
        frame::FrameResult result;
        result.frame_id = assigned->frame.frame_id;
        visit.end(std::move(result));
      }
    }
  }

  std::list<Visit> visits;
};

// Hosts whose names begin with "hangs" say nothing, those with "slow" answer after three seconds;
// the others after `takes`, or fail.
class Hosts final : public Fetchers {
 public:
  explicit Hosts(const base::Clock& clock) : clock_(clock) {}
  void Start(PixelPlace place, base::Allowance allowance, OnFetched done) override {
    jobs_.push_back({std::move(place), std::move(allowance), std::move(done), clock_.Now()});
  }
  void Work() {
    for (auto next = jobs_.begin(); next != jobs_.end();) {
      const auto job = next++;
      base::Result<FetchedPixels> answer = base::Fail(ErrorCode::kUnavailable, "away");
      if (const auto allowed = job->allowance.Check("a test"); !allowed) {
        answer = std::unexpected(allowed.error());
      } else if (hang || job->place.host.starts_with("hangs") ||
                 clock_.Now() - job->begun < TimeOf(job->place.host)) {
        continue;
      } else if (!fails) {
        answer = FetchedPixels{std::string(test::Pixels::kBytes, 'x'), {}};
      }
      OnFetched done = std::move(job->done);
      jobs_.erase(job);
      done(std::move(answer));
    }
  }

  milliseconds TimeOf(const std::string& host) const {
    return host.starts_with("slow") ? milliseconds(3'000) : takes;
  }

  milliseconds takes{50};
  bool fails = false;
  bool hang = false;

 private:
  struct Job {
    PixelPlace place;
    base::Allowance allowance;
    OnFetched done;
    base::MonoTime begun;
  };
  const base::Clock& clock_;
  std::list<Job> jobs_;
};

struct Crowd {
  explicit Crowd(int max_waiting = Options().max_waiting) {
    process.deadline = {};
    options.max_waiting = max_waiting;
    dispatcher.emplace(DispatcherContext{upstream,
                                         sinks,
                                         pixels,
                                         hosts,
                                         workers,
                                         wakeups,
                                         {tracker, clock, frames},
                                         budget,
                                         ledger,
                                         conditions,
                                         log},
                       DispatcherOptions{options, process});
  }
  ~Crowd() {
    dispatcher->Cancel();
    hosts.Work();
  }
  void Give(const std::string& host, const std::string& camera) {
    Delivery delivery = test::Bench::Made(camera + '-' + std::to_string(++tickets), camera);
    delivery.ticket = tickets;
    delivery.entry.frame_url = host;
    const auto now = std::chrono::duration<double>(clock.Wall().time_since_epoch()).count();
    delivery.entry.timestamp = std::to_string(now);
    std::vector<Delivery> deliveries;
    deliveries.push_back(std::move(delivery));
    dispatcher->Accept(std::move(deliveries));
  }
  void GiveHanging() {
    for (int i = 0; i < kHanging; ++i) {
      Give("hangs" + std::to_string(i), "cam" + std::to_string(i));
    }
  }
  void Pass(milliseconds time) {
    for (; time > milliseconds(0); time -= milliseconds(10)) {
      clock.Advance(milliseconds(10));
      hosts.Work();
      workers.Work();
      dispatcher->Tick();
    }
  }
  // How long it takes until one more frame is done.
  milliseconds UntilDone(milliseconds most) {
    const auto before = ledger.totals().done;
    milliseconds time{0};
    for (; ledger.totals().done == before && time < most; time += milliseconds(10)) {
      Pass(milliseconds(10));
    }
    return time;
  }

  Options options;
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
  Hosts hosts{clock};
  QuickWorkers workers;
  NoWakeups wakeups;
  std::uint64_t tickets = 0;
  std::optional<Dispatcher> dispatcher;
};

TEST_CASE("a new host is asked in a moment, however many hang") {
  Crowd crowd;
  crowd.GiveHanging();
  crowd.Give("good", "good");
  CHECK(crowd.UntilDone(seconds(60)) < milliseconds(2'500));
}

TEST_CASE("a host that has just failed is asked in a moment, however many hang") {
  for (const milliseconds hanging_for : {milliseconds(100), milliseconds(20'000)}) {
    Crowd crowd;
    crowd.Give("good", "good");
    REQUIRE(crowd.UntilDone(seconds(60)) < seconds(1));
    crowd.Pass(PixelHosts::kTrusted);
    crowd.GiveHanging();
    crowd.Pass(hanging_for);
    crowd.hosts.fails = true;
    crowd.Give("good", "good");
    crowd.Pass(seconds(1));
    crowd.hosts.fails = false;
    CHECK(crowd.UntilDone(seconds(60)) < milliseconds(2'500));
  }
}

TEST_CASE("a host that is slow gets the time that it takes, however many hang") {
  Crowd crowd;
  crowd.hosts.takes = seconds(5);
  crowd.GiveHanging();
  crowd.Give("good", "good");
  CHECK(crowd.UntilDone(seconds(600)) < seconds(150));
}

TEST_CASE("frames that would be too old with their pixels make room for those that would not") {
  Crowd crowd;
  crowd.options.max_age = seconds(2);
  crowd.hosts.takes = milliseconds(1'500);
  for (int i = 0; i < 600; ++i) {
    crowd.Give("good", "good");
    crowd.Pass(milliseconds(100));
  }
  // Four at a time.
  CHECK(crowd.ledger.totals().done > 100);
}

TEST_CASE("a host that is back is seen to be, though its frames grow too old soon") {
  Crowd crowd;
  crowd.options.max_age = seconds(2);
  crowd.hosts.takes = milliseconds(500);
  crowd.hosts.hang = true;
  const auto live = [&] {
    crowd.Give("good", "good");
    crowd.Pass(milliseconds(100));
  };
  for (int i = 0; i < 300; ++i) live();
  CHECK(crowd.ledger.totals().done == 0);
  CHECK(crowd.conditions.List().size() == 2);
  crowd.hosts.hang = false;
  // A pause is 30 s at most.
  for (int i = 0; i < 350; ++i) live();
  CHECK(crowd.ledger.totals().done > 0);
  CHECK(crowd.conditions.List().empty());
}

TEST_CASE("the frames of a host that is slow take half of the room, and further ones go back") {
  Crowd crowd(80);
  crowd.Give("slow", "door");
  crowd.Pass(seconds(4));
  CHECK(crowd.ledger.totals().done == 1);
  for (int i = 0; i < 200; ++i) {
    crowd.Give("slow", "door");
    crowd.Pass(milliseconds(50));
  }
  CHECK(crowd.dispatcher->held() <= 45);
  CHECK(crowd.dispatcher->Room() > 0);
  CHECK(crowd.ledger.totals().dropped == 0);
  CHECK(crowd.ledger.totals().returned > 100);
  crowd.Give("well", "gate");
  CHECK(crowd.UntilDone(seconds(1)) < milliseconds(500));
}

TEST_CASE("of the frames of a slow host as many stay as keep its fetches busy, but never all") {
  Crowd crowd(40);
  crowd.Give("slow", "door");
  crowd.Pass(seconds(4));
  for (int i = 0; i < 28; ++i) crowd.Give("slow", "door" + std::to_string(i % 4));
  crowd.Pass(milliseconds(100));
  CHECK(crowd.ledger.totals().returned == 0);
  for (int i = 0; i < 12; ++i) crowd.Give("slow", "door" + std::to_string(i % 4));
  crowd.Pass(milliseconds(100));
  CHECK(crowd.dispatcher->held() <= 29);
  CHECK(crowd.dispatcher->Room() > 0);
}

}  // namespace
}  // namespace sampleproc::consumer
