// How long to pause before what has failed is tried again.
#pragma once

#include <chrono>
#include <functional>

namespace sampleproc::resilience {

// The pause after so many failures in a row, the first being 1. One thread at a time.
using Backoff = std::function<std::chrono::milliseconds(int failures)>;

}  // namespace sampleproc::resilience
