#include "sim/service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "resilience/retry_policy.h"

namespace sampleproc::sim {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStuckAfter{30'000};
constexpr milliseconds kStopTime{25'000};
constexpr milliseconds kLastWork{5'000};
// After an upstream has come back, what was left to settle is.
constexpr Time kSettled = 40 * kSecond;
constexpr std::uint64_t kSpoolBytes = 1U << 20;

resilience::Backoff Backoff(const consumer::Options& options, std::uint64_t seed) {
  auto policy =
      std::make_shared<resilience::RetryPolicy>(options.backoff, milliseconds(2'000), seed);
  return [policy](int failures) { return policy->Pause(failures); };
}

bool MayHang(const Plan& plan) {
  return std::ranges::any_of(plan.frames, [](const FramePlan& frame) { return frame.look.hangs; });
}

}  // namespace

Outside::Outside(World& world) {
  for (int i = 0; i < world.plan.sinks; ++i) {
    receivers.push_back(std::make_unique<Receiver>(world, i));
  }
  if (world.plan.spool) {
    disk.emplace([&world] {
      return Scheduler::Current() != nullptr && world.Now(FaultKind::kDiskFull).has_value();
    });
    world.hidden = disk->folder();
  }
}

SimService::SimService(World& world, Outside& outside, int number)
    : world_(world),
      budget_(world.plan.budget),
      tracker_(1'000, log_),
      cameras_(std::in_place, world.plan.max_cameras, budget_),
      pixels_(MakePlaces(world), budget_),
      ledger_(metrics_, frames_) {
  const Plan& plan = world.plan;
  sinks_.emplace(MakeSinks(outside));
  if (outside.disk) {
    auto opened = consumer::Spool::Open(outside.disk->folder() + "/spool", kSpoolBytes);
    if (!opened) world.Fail("the spool cannot be opened: " + opened.error().message);
    spool_ = std::move(*opened);
    keeper_.emplace(*spool_, *sinks_, limits_, clock_, conditions_);
  }
  auto pool = process::WorkerPool::Start(plan.workers, plan.process.queue_depth,
                                         {plan.process, codec_, budget_, clock_, *cameras_}, log_);
  if (!pool) world.Fail("the workers cannot be started: " + pool.error().message);
  pool_ = std::move(*pool);
  if (plan.takes_back) {
    source_ = std::make_unique<StreamSource>(world, outside.stream, "p-" + std::to_string(number));
  } else {
    source_ =
        std::make_unique<BufferSource>(world, outside.buffer_next, keeper_ ? &*keeper_ : nullptr);
  }
  dispatch_.emplace(consumer::DispatchThreads::Context{.source = *source_,
                                                       .sinks = *sinks_,
                                                       .pixels = pixels_,
                                                       .pool = *pool_,
                                                       .work = {tracker_, clock_, frames_},
                                                       .budget = budget_,
                                                       .ledger = ledger_,
                                                       .conditions = conditions_,
                                                       .log = log_},
                    consumer::DispatcherOptions{plan.consumer, plan.process});
  consumer_.emplace(consumer::PullContext{.source = *source_,
                                          .dispatcher = dispatch_->dispatcher(),
                                          .metrics = metrics_,
                                          .conditions = conditions_,
                                          .clock = clock_,
                                          .log = log_},
                    plan.consumer, "upstream", Backoff(plan.consumer, plan.seed));
}

// In the order of the service's end.
SimService::~SimService() {
  consumer_.reset();
  pool_->StopWithin(base::kForever);
  dispatch_->Stop();
  source_.reset();
  dispatch_.reset();
  pool_.reset();
  keeper_.reset();
  sinks_.reset();
  cameras_.reset();
  if (budget_.used() != 0) {
    world_.Fail(std::to_string(budget_.used()) + " bytes are reserved when all has ended");
  }
}

std::vector<std::unique_ptr<consumer::ResultSink>> SimService::MakeSinks(Outside& outside) {
  std::vector<std::unique_ptr<consumer::ResultSink>> sinks;
  for (const auto& receiver : outside.receivers) {
    receiver->Begin();
    auto room = budget_.TryReserve(world_.plan.consumer.sink_buffer, "a sink");
    if (!room) world_.Fail("there is no memory for a sink");
    sinks.push_back(std::make_unique<consumer::SinkQueue>(
        std::make_unique<SimTarget>(world_, *receiver), std::move(*room),
        Backoff(world_.plan.consumer, world_.plan.seed),
        consumer::SinkQueueContext{.clock = clock_, .conditions = conditions_, .log = log_}));
  }
  return sinks;
}

void SimService::TakeMemory() {
  if (!world_.Now(FaultKind::kMemoryTaken)) return taken_.Release();
  if (taken_.bytes() > 0) return;
  const std::size_t free = budget_.capacity() - budget_.used();
  if (auto most = budget_.TryReserve(free - free / 64, "others")) taken_ = std::move(*most);
}

void SimService::Tick() {
  TakeMemory();
  const int stuck = pool_->Stuck(kStuckAfter);
  if (stuck > 0 && !MayHang(world_.plan))
    world_.Fail("a worker is stuck, though every step comes back");
  pool_->PassOverStuck(kStuckAfter);
  dispatch_->dispatcher().GiveUpStuck(kStuckAfter);
  consumer_->Look();
  sinks_->Look();
  if (keeper_) keeper_->Look();
  conditions_.Sweep();
}

bool SimService::Stop() {
  taken_.Release();
  world_.Say("service: stops");
  consumer_->Stop();
  std::uint64_t held = dispatch_->dispatcher().Drain(base::Deadline(clock_, kStopTime));
  if (held > 0) {
    world_.Say("service: cancels what is in work");
    source_->ExpectLosses();
    dispatch_->dispatcher().Cancel();
    held = dispatch_->dispatcher().Drain(base::Deadline(clock_, milliseconds(1'000)));
  }
  world_.Say("service: " + std::to_string(held) + " frames are held after the stop");
  (void)sinks_->Flush(base::Deadline(clock_, milliseconds(5'000)));
  const bool ended = pool_->StopWithin(kLastWork);
  if (!ended && !MayHang(world_.plan)) world_.Fail("a worker does not come back at the stop");
  return ended;
}

void SimService::CheckEnd() {
  const bool away = world_.Lately(FaultKind::kSourceDown, 0, kSettled) ||
                    world_.Lately(FaultKind::kSourceHangs, 0, kSettled) ||
                    world_.Lately(FaultKind::kSettlingFails, 0, kSettled);
  const auto totals = ledger_.totals();
  if (totals.held() != 0 && !away && !MayHang(world_.plan)) {
    world_.Fail(std::to_string(totals.held()) + " frames are held at the end");
  }
  if (pool_->counts().active != 0 || pool_->counts().queued != 0) {
    world_.Fail("workers are busy at the end");
  }
  if (totals.held() != 0) return;
  for (const std::size_t count : tracker_.CountByState()) {
    if (count != 0) world_.Fail("the tracker has frames at the end");
  }
}

}  // namespace sampleproc::sim
