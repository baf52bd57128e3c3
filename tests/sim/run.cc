#include "sim/run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/conditions_check.h"
#include "sim/service.h"

namespace sampleproc::sim {
namespace {

constexpr Time kTick = 250 * kMillisecond;
// After the last frame has come and the last fault is over, all frames have ended by then.
constexpr Time kPatience = 2'000 * kSecond;
// An honest camera's frame takes no longer while another one is bad.
constexpr Time kHonest = 20 * kSecond;
// While workers do not come back the others do their work, and catch up afterwards.
constexpr Time kShortOfWorkers = 150 * kSecond;
// When all is over, every condition ends within this time.
constexpr Time kSilence = 120 * kSecond;
// Allocations, of which one fails while memory is short.
constexpr std::size_t kOneAllocationIn = 200;
constexpr Time kAtAnyTime = kNever / 4;
constexpr Time kLongest = 5'000 * kSecond;

class Run {
 public:
  Run(const Plan& plan, bool verbose) : world_(plan, verbose), outside_(world_) {}

  void operator()();
  bool AllocationFails() {
    return world_.Now(FaultKind::kOutOfMemory) && world_.random.OneIn(kOneAllocationIn);
  }
  std::uint64_t digest() const { return world_.digest(); }

 private:
  void Serve();
  bool Quiet();
  void FailUnended();
  void AwaitSilence(SimService& service);
  void Kill(std::unique_ptr<SimService> service);
  void CheckProgress();
  void CheckOutcomes();
  void CheckFrame(const SimFrame& frame);

  World world_;
  Outside outside_;
  ConditionsCheck conditions_{world_};
  int services_ = 0;
  std::size_t next_restart_ = 0;
  bool killed_ = false;
};

// Whether every frame has ended.
bool Run::Quiet() {
  return std::ranges::all_of(world_.frames, [](const SimFrame& frame) { return frame.ends() > 0; });
}

void Run::CheckProgress() {
  const Plan& plan = world_.plan;
  if (plan.weather != Weather::kNeighbour && plan.weather != Weather::kCalm) return;
  const bool short_of_workers = std::ranges::any_of(plan.cameras, [](const CameraPlan& camera) {
    return camera.illness == Illness::kSlow || camera.illness == Illness::kHangs;
  });
  const Time patience = short_of_workers ? kShortOfWorkers : kHonest;
  for (const SimFrame& frame : world_.frames) {
    if (frame.ends() > 0 || frame.plan->arrives + patience > world_.now()) continue;
    const CameraPlan& camera = plan.cameras[static_cast<std::size_t>(frame.plan->camera)];
    if (camera.honest)
      world_.Fail(World::IdOf(frame.number) + ", of an honest camera, has to wait");
  }
}

// One process' life.
void Run::Serve() {
  const Plan& plan = world_.plan;
  auto service = std::make_unique<SimService>(world_, outside_, services_++);
  const Time last = std::max(plan.last_arrival, plan.all_well) + kPatience;
  while (!Quiet()) {
    world_.Sleep(kTick);
    service->Tick();
    CheckProgress();
    conditions_.Look(service->conditions(), service->failing_since());
    if (world_.now() > last) FailUnended();
    if (next_restart_ == plan.restarts.size()) continue;
    const Restart& restart = plan.restarts[next_restart_];
    if (world_.now() < restart.at) continue;
    ++next_restart_;
    if (restart.killed) return Kill(std::move(service));
    break;
  }
  if (Quiet()) AwaitSilence(*service);
  if (!service->Stop()) return Kill(std::move(service));
  service->CheckEnd();
}

// With all frames ended and nothing wrong any more, nothing is told.
void Run::AwaitSilence(SimService& service) {
  const Time last = std::max(world_.now(), world_.plan.all_well) + kSilence;
  for (;;) {
    const auto left = service.conditions();
    if (left.empty()) return;
    world_.Sleep(kTick);
    service.Tick();
    if (world_.now() <= last) continue;
    world_.Fail("the condition " + std::string(left.front().name) + " of '" + left.front().subject +
                "' does not end: " + left.front().reason);
  }
}

void Run::FailUnended() {
  std::string left;
  for (const SimFrame& frame : world_.frames) {
    if (frame.ends() == 0) left += ' ' + World::IdOf(frame.number);
  }
  world_.Fail("these frames do not end:" + left);
}

// All of it stops where it is, and what it holds is never given back.
void Run::Kill(std::unique_ptr<SimService> service) {
  world_.Say("service: killed");
  killed_ = true;
  Scheduler::Current()->AbandonOthers();
  [[maybe_unused]] SimService* const left = service.release();
  if (outside_.disk) outside_.disk->CloseAll();
  world_.asked.clear();
  for (auto& [number, pending] : outside_.stream.pending) {
    SimFrame& frame = world_.frames[static_cast<std::size_t>(number)];
    if (pending.trimmed && frame.ends() == 0) {
      world_.End(frame, &SimFrame::elsewhere, "trimmed");
    }
  }
  if (world_.plan.takes_back) return;
  for (SimFrame& frame : world_.frames) {
    if (frame.handed == 0 || frame.ends() > 0 || frame.written) continue;
    world_.End(frame, &SimFrame::elsewhere, "lost with its process");
  }
}

void Run::CheckFrame(const SimFrame& frame) {
  const std::string id = World::IdOf(frame.number);
  // A spool has frames done again whose results no sink had when a process ended.
  const bool again = world_.plan.spool && services_ > 1;
  if (frame.ends() > 1 && !again) world_.Fail(id + " has ended twice");
  const FramePlan& plan = *frame.plan;
  const bool healthy = !plan.broken && !plan.missing && !plan.look.hangs &&
                       2 * plan.look.time < world_.plan.process.deadline;
  // An allocation that fails costs the frame whose it is.
  if (!healthy || world_.Lately(FaultKind::kOutOfMemory, 0, kAtAnyTime)) return;
  if (frame.dead > 0) world_.Fail(id + ", a healthy frame, is dead: " + frame.reason);
  const bool may_drop = world_.plan.consumer.policy == consumer::Policy::kLatest ||
                        world_.plan.consumer.max_age.count() > 0;
  // A stop cuts off what it has no time for, and nobody takes that back: frames of a host that is
  // away, and what waits behind a camera's own slow ones.
  const CameraPlan& camera = world_.plan.cameras[static_cast<std::size_t>(plan.camera)];
  const bool cut_off = frame.reason == "stopped" && !world_.plan.takes_back &&
                       (!camera.honest || world_.plan.weather == Weather::kStorm);
  if (frame.dropped > 0 && !may_drop && !cut_off) {
    world_.Fail(id + ", a healthy frame, is dropped: " + frame.reason);
  }
}

void Run::CheckOutcomes() {
  for (const SimFrame& frame : world_.frames) {
    CheckFrame(frame);
    if (frame.done == 0 || frame.late || (killed_ && !world_.plan.spool)) continue;
    for (const auto& receiver : outside_.receivers) {
      const bool away = world_.Lately(FaultKind::kSinkFails, receiver->number(), kAtAnyTime) ||
                        world_.Lately(FaultKind::kSinkHangs, receiver->number(), kAtAnyTime) ||
                        world_.Lately(FaultKind::kOutOfMemory, 0, kAtAnyTime);
      if (away || receiver->Has(frame.number)) continue;
      world_.Fail("sink " + std::to_string(receiver->number()) + " never got " +
                  World::IdOf(frame.number));
    }
  }
}

void Run::operator()() {
  while (!Quiet()) {
    Serve();
    if (!Quiet()) world_.Sleep(1 * kSecond);
  }
  CheckOutcomes();
}

bool IsOutOfMemory(const Fault& fault) { return fault.kind == FaultKind::kOutOfMemory; }

}  // namespace

RunResult RunSeed(std::uint64_t seed, const RunOptions& options) {
  Plan plan(seed);
  plan.process.opencv_module = SAMPLEPROC_SIM_STEPS;
  if (!options.out_of_memory) std::erase_if(plan.faults, IsOutOfMemory);
  if (options.verbose) std::fputs(plan.Describe().c_str(), stdout);
  Run run(plan, options.verbose);
  Scheduler scheduler(seed, kLongest, [seed](const std::string& how) {
    std::fflush(stdout);
    std::fprintf(stderr, "seed %llu: %s", static_cast<unsigned long long>(seed), how.c_str());
    std::_Exit(1);
  });
  scheduler.FailAllocations([&run] { return run.AllocationFails(); });
  scheduler.Run([&run] { run(); });
  return {.digest = run.digest(), .switches = scheduler.switches()};
}

}  // namespace sampleproc::sim
