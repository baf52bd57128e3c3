// The load that a command line asks for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/loadtest_options.h"
#include "base/error.h"
#include "loadtest/pacer.h"
#include "loadtest/runner.h"

namespace sampleproc::apps {

struct LoadPlan {
  loadtest::RunPlan run;  // all but the address and the requests
  std::chrono::nanoseconds max_send_lag{};
  std::string
      description;  // "open loop, 500/s for 30s with constant arrivals, at most 20 connections"
};

// Fails with kUsage when options are wrong or do not go together, with kIo when a file of arrivals
// cannot be read, with kOverloaded when this machine cannot have so many connections.
base::Result<LoadPlan> PlanLoad(const LoadtestOptions& options);

// "30s@50,1m@50-200"
base::Result<std::vector<loadtest::Stage>> ParseStages(std::string_view text);

}  // namespace sampleproc::apps
