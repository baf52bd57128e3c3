// When each request is meant to be sent: decided before, and apart from, what the answers are like.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sampleproc::loadtest {

// One request of the schedule.
struct Arrival {
  std::chrono::nanoseconds at{};  // since the start of the run
  std::uint32_t camera = 0;       // which camera sends it, from 0
};

// A schedule, told one request after another in order of time. Used by one thread.
class Pacer {
 public:
  virtual ~Pacer() = default;
  virtual std::optional<Arrival> Next() = 0;  // nothing when the schedule is over
};

// A stretch of time whose rate is constant or changes evenly. A rate may be 0.
struct Stage {
  std::chrono::nanoseconds duration{};
  double from = 0;  // requests a second when it begins
  double to = 0;    // and when it ends
};

enum class Spacing {
  kConstant,  // at equal distances
  kPoisson,   // at random, as many users who know nothing of each other would send
};

// The stages one after the other. Times are computed from the beginning of their stage, so that
// they do not drift in a long run. The same seed gives the same schedule.
std::unique_ptr<Pacer> PaceStages(std::vector<Stage> stages, Spacing spacing, std::uint64_t seed);

// `cameras` cameras with `fps` frames a second each. Each begins at a point of its own within the
// first interval, decided by the seed, and keeps to it.
std::unique_ptr<Pacer> PaceCameras(std::uint32_t cameras, double fps,
                                   std::chrono::nanoseconds duration, std::uint64_t seed);

// At the times given, which must be in order.
std::unique_ptr<Pacer> PaceRecorded(std::vector<std::chrono::nanoseconds> times);

// The first `count` requests of a schedule.
std::unique_ptr<Pacer> PaceFirst(std::unique_ptr<Pacer> pacer, std::uint64_t count);

// Every `of`th request, beginning with number `index`: one thread's share.
std::unique_ptr<Pacer> PaceShare(std::unique_ptr<Pacer> pacer, std::size_t index, std::size_t of);

}  // namespace sampleproc::loadtest
