// How long to pause between attempts that fail. Which failures of a frame are tried again stands in
// consumer/verdict.h, which of a request in net/http_client.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "resilience/backoff.h"

namespace sampleproc::resilience {

// However long a peer's Retry-After asks to be left alone, it is tried again after this.
inline constexpr std::chrono::milliseconds kLongestRetryAfter{60'000};

// A server that has cut a connection, or is restarted, is mostly back within seconds, and what
// waits for it waits for the next attempt too: the first one comes at once and kQuickTries in all
// before an exponential backoff begins. That is three seconds of a server that refuses connections.
inline constexpr int kQuickTries = 60;
inline constexpr std::chrono::milliseconds kQuickPause{50};

// Gives those pauses, and then those of `later`, for which the failures count from there.
Backoff QuickAtFirst(Backoff later);

// Exponential backoff with full jitter (Marc Brooker, "Exponential Backoff And Jitter", 2015): a
// pause drawn evenly from zero to a bound that doubles with each failure, so that many who failed
// together do not come back together. One thread at a time.
class RetryPolicy {
 public:
  // `seed` differs from process to process.
  RetryPolicy(std::chrono::milliseconds first, std::chrono::milliseconds longest,
              std::uint64_t seed)
      : first_(first), longest_(longest), random_(seed) {}

  // After `failures` in a row, at least 1: at most first * 2^(failures - 1), and never more than
  // longest.
  std::chrono::milliseconds Pause(int failures);

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds longest_;
  std::mt19937_64 random_;
};

}  // namespace sampleproc::resilience
