// One run: a plan, the service in its world, and the promises that must have held.
#pragma once

#include <cstdint>

namespace sampleproc::sim {

struct RunResult {
  std::uint64_t digest = 0;    // of all that was said: the same for each run of one seed
  std::uint64_t switches = 0;  // between threads
};

struct RunOptions {
  bool verbose = false;
  // Whether allocations may fail, where a plan says so.
  bool out_of_memory = false;
};

// Ends the process when a promise was broken, with the reason and the seed.
RunResult RunSeed(std::uint64_t seed, const RunOptions& options);

}  // namespace sampleproc::sim
