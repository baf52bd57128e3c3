#include "sim/plan.h"

#include <algorithm>
#include <utility>

#include "sim/random.h"

namespace sampleproc::sim {
namespace {

using std::chrono::milliseconds;

constexpr const char* kNames[] = {"source down", "source hangs",   "replies lost", "taken over",
                                  "trimmed",     "settling fails", "host down",    "host hangs",
                                  "host slow",   "host errors",    "sink fails",   "sink hangs",
                                  "sink twice",  "memory taken",   "disk full",    "out of memory"};

milliseconds Ms(std::int64_t count) { return milliseconds(count); }

template <typename T>
T OneOf(Random& random, std::initializer_list<T> choices) {
  return choices.begin()[random.Below(choices.size())];
}

void DrawSettings(Random& random, Plan& plan) {
  plan.takes_back = random.Percent(60);
  plan.spool = !plan.takes_back && random.Percent(50);
  plan.workers = static_cast<int>(random.Between(1, 4));
  plan.budget = static_cast<std::size_t>(random.Between(24, 96)) << 20;
  plan.sinks = static_cast<int>(random.Between(1, 2));
  plan.max_cameras = OneOf(random, {4, 16, 64});

  consumer::Options& consumer = plan.consumer;
  consumer.enabled = true;
  consumer.processor_id = "p-1";
  consumer.source = plan.takes_back ? consumer::Source::kRedis : consumer::Source::kHttp;
  consumer.batch_size = static_cast<int>(random.Between(1, 20));
  consumer.policy = random.Percent(25) ? consumer::Policy::kLatest : consumer::Policy::kFifo;
  if (random.Percent(20)) consumer.max_age = Ms(random.Between(1'000, 20'000));
  consumer.no_pixels = random.Percent(50) ? consumer::NoPixels::kDrop : consumer::NoPixels::kDead;
  consumer.frame_url_hosts = {"*"};
  consumer.sink_buffer = static_cast<std::size_t>(random.Between(256, 2'048)) << 10;

  process::Options& process = plan.process;
  process.workers = plan.workers;
  process.batch_size = OneOf(random, {1, 4, 10});
  consumer.fetches = OneOf(random, {2, 4, 16});
  // What a buffer has handed out cannot go back, so it may take all the places.
  consumer.max_waiting = plan.takes_back ? OneOf(random, {20, 100, 500}) : 500;
  process.queue_depth = OneOf(random, {4, 16, 64});
}

void DrawCameras(Random& random, Plan& plan) {
  const auto count = static_cast<int>(random.Between(2, 7));
  for (int i = 0; i < count; ++i) {
    CameraPlan camera;
    if (!random.OneIn(12)) camera.id = "c" + std::to_string(i);
    camera.where = OneOf(random, {Where::kEntry, Where::kKey, Where::kUrl});
    if (!plan.takes_back && camera.where == Where::kKey) camera.where = Where::kUrl;
    camera.host = static_cast<int>(random.Below(static_cast<std::size_t>(plan.hosts)));
    plan.cameras.push_back(std::move(camera));
  }
}

Fault DrawFault(Random& random, FaultKind kind, const Plan& plan) {
  Fault fault{.kind = kind};
  fault.from = random.Between(0, 20'000) * kMillisecond;
  fault.to = fault.from +
             (random.Percent(60) ? random.Between(200, 6'000) : random.Between(6'000, 90'000)) *
                 kMillisecond;
  switch (kind) {
    case FaultKind::kHostDown:
    case FaultKind::kHostHangs:
    case FaultKind::kHostSlow:
    case FaultKind::kHostErrors:
      fault.subject = static_cast<int>(random.Below(static_cast<std::size_t>(plan.hosts)));
      break;
    case FaultKind::kSinkFails:
    case FaultKind::kSinkHangs:
    case FaultKind::kSinkTwice:
      fault.subject = static_cast<int>(random.Below(static_cast<std::size_t>(plan.sinks)));
      break;
    default:
      break;
  }
  return fault;
}

// One camera is ill, or one host of cameras is.
void SpoilOne(Random& random, Plan& plan) {
  CameraPlan& bad = plan.cameras.front();
  if (random.Percent(50)) {
    bad.illness =
        OneOf(random, {Illness::kSlow, Illness::kHangs, Illness::kBroken, Illness::kMissing});
    bad.honest = false;
    return;
  }
  bad.where = Where::kUrl;
  Fault fault = DrawFault(random,
                          OneOf(random, {FaultKind::kHostDown, FaultKind::kHostHangs,
                                         FaultKind::kHostSlow, FaultKind::kHostErrors}),
                          plan);
  fault.subject = bad.host;
  plan.faults.push_back(fault);
  for (CameraPlan& camera : plan.cameras) {
    if (camera.where == Where::kUrl && camera.host == bad.host) camera.honest = false;
  }
}

bool Possible(FaultKind kind, const Plan& plan) {
  switch (kind) {
    case FaultKind::kTakenOver:
    case FaultKind::kTrimmed:
    case FaultKind::kSettlingFails:
      return plan.takes_back;
    case FaultKind::kDiskFull:
      return plan.spool;
    default:
      return true;
  }
}

void DrawStorm(Random& random, Plan& plan) {
  for (CameraPlan& camera : plan.cameras) {
    if (!random.OneIn(6)) continue;
    camera.illness =
        OneOf(random, {Illness::kSlow, Illness::kHangs, Illness::kBroken, Illness::kMissing});
    camera.honest = false;
  }
  const std::int64_t faults = random.Between(1, 6);
  for (std::int64_t i = 0; i < faults; ++i) {
    const auto kind = static_cast<FaultKind>(random.Below(std::size(kNames)));
    if (!Possible(kind, plan)) continue;
    plan.faults.push_back(DrawFault(random, kind, plan));
  }
  for (CameraPlan& camera : plan.cameras) camera.honest = false;  // nobody is promised a speed
  if (random.Percent(30)) {
    plan.restarts.push_back(
        {.at = random.Between(500, 30'000) * kMillisecond, .killed = random.Percent(50)});
  }
}

void DrawFrames(Random& random, Plan& plan) {
  const std::int64_t each = random.Between(8, 40);
  // So that the healthy take at most half of the workers' time.
  const auto cameras = static_cast<std::int64_t>(plan.cameras.size());
  const std::int64_t look = random.Between(10, 120);
  const std::int64_t interval = std::max<std::int64_t>(40, 2 * look * cameras / plan.workers);
  const bool flood = random.Percent(plan.weather == Weather::kCalm ? 0 : 10);
  for (std::size_t c = 0; c < plan.cameras.size(); ++c) {
    const CameraPlan& camera = plan.cameras[c];
    Time at = random.Between(0, interval) * kMillisecond;
    // So few that a worker is left for the others.
    int rare = plan.weather == Weather::kNeighbour ? std::min(2, plan.workers - 1) : 2;
    for (std::int64_t i = 0; i < each; ++i) {
      FramePlan frame;
      frame.camera = static_cast<int>(c);
      frame.camera_id = camera.id;
      frame.arrives = at;
      frame.look.time = Ms(random.Between(look / 2, look));
      frame.look.motion = random.Percent(80);
      if (flood && c == 0) frame.camera_id = "invented-" + std::to_string(i);
      switch (camera.illness) {
        case Illness::kSlow:
          if (plan.weather == Weather::kNeighbour && (rare == 0 || !random.OneIn(8))) break;
          --rare;
          frame.look.time = Ms(random.Between(1'000, 14'000));
          frame.look.motion = true;
          break;
        case Illness::kHangs:
          if (rare == 0 || !random.OneIn(8)) break;
          --rare;
          frame.look = {.time = Ms(random.Between(31'000, 65'000)), .motion = true, .hangs = true};
          break;
        case Illness::kBroken:
          frame.broken = random.Percent(50);
          break;
        case Illness::kMissing:
          frame.missing = random.Percent(50);
          break;
        case Illness::kNone:
          break;
      }
      plan.frames.push_back(std::move(frame));
      at += random.Between(interval / 2, interval * 3 / 2) * kMillisecond;
    }
  }
  std::ranges::stable_sort(plan.frames, {}, &FramePlan::arrives);
  plan.last_arrival = plan.frames.back().arrives;
}

}  // namespace

const char* NameOf(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

Plan::Plan(std::uint64_t the_seed) : seed(the_seed) {
  Random random(the_seed);
  const std::size_t draw = random.Below(100);
  weather = draw < 10 ? Weather::kCalm : draw < 50 ? Weather::kNeighbour : Weather::kStorm;
  DrawSettings(random, *this);
  DrawCameras(random, *this);
  if (weather == Weather::kNeighbour) SpoilOne(random, *this);
  if (weather == Weather::kStorm) DrawStorm(random, *this);
  DrawFrames(random, *this);
  for (const Fault& fault : faults) all_well = std::max(all_well, fault.to);
}

std::string Plan::Describe() const {
  constexpr const char* kWeathers[] = {"calm", "neighbour", "storm"};
  std::string text = std::string(kWeathers[static_cast<int>(weather)]) + ", " +
                     (takes_back ? "stream"
                      : spool    ? "buffer with spool"
                                 : "buffer") +
                     ", " + std::to_string(workers) + " workers, " + std::to_string(budget >> 20) +
                     " MB, batches of " + std::to_string(process.batch_size) + ", " +
                     (consumer.policy == consumer::Policy::kLatest ? "latest" : "fifo") +
                     ", max_age " + std::to_string(consumer.max_age.count()) + " ms, " +
                     std::to_string(frames.size()) + " frames\n";
  constexpr const char* kWheres[] = {"entry", "key", "url"};
  constexpr const char* kIllnesses[] = {"", " slow", " hangs", " broken", " missing"};
  for (const CameraPlan& camera : cameras) {
    text += "  camera '" + camera.id + "' " + kWheres[static_cast<int>(camera.where)] +
            (camera.where == Where::kUrl ? " of host " + std::to_string(camera.host) : "") +
            kIllnesses[static_cast<int>(camera.illness)] + (camera.honest ? " honest" : "") + "\n";
  }
  for (const Fault& fault : faults) {
    text += std::string("  ") + NameOf(fault.kind) + " " + std::to_string(fault.subject) +
            " from " + std::to_string(fault.from / kMillisecond) + " to " +
            std::to_string(fault.to / kMillisecond) + " ms\n";
  }
  for (const Restart& restart : restarts) {
    text += std::string("  ") + (restart.killed ? "killed" : "stopped") + " at " +
            std::to_string(restart.at / kMillisecond) + " ms\n";
  }
  return text;
}

}  // namespace sampleproc::sim
