// How much every caller has asked for in the last minute, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "http/message.h"
#include "resilience/sliding_window.h"

namespace sampleproc::http {

// One sliding window for each caller: by token when a known one was shown, else by address, IPv6 by
// its first 64 bits, which is what one customer is given (RFC 6177). Callers without an address
// share one window.
//
// Thread-safe: callers are spread over shards with a lock each, by a hash with a secret seed, so
// that nobody can aim at one shard. Memory is bounded: at most `max_callers` windows, about 380
// bytes each; past that the caller that was seen longest ago is forgotten, so that a flood of
// made-up addresses costs others nothing.
class RateLimiter {
 public:
  static constexpr std::size_t kMaxCallers = 160'000;  // some 61 MB

  // `limit` in units a minute, 1 to SlidingWindow::kMaxLimit. `clock` must outlive the limiter.
  RateLimiter(std::uint32_t limit, const base::Clock& clock, std::uint64_t seed,
              std::size_t max_callers = kMaxCallers);
  ~RateLimiter();

  struct Verdict {
    bool allowed = false;
    Quota quota;
  };

  // Takes `cost` units of the caller's quota, all or none.
  Verdict Take(const Caller& caller, std::uint32_t cost);

  std::uint32_t limit() const { return limit_; }
  // Callers remembered now.
  std::size_t callers() const;

 private:
  struct Key {
    decltype(Address::bytes) bytes{};
    std::uint8_t kind = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::uint64_t seed;
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    resilience::SlidingWindow window;
  };
  using Order = std::list<Entry>;  // most recently seen first
  struct Shard;

  static Key KeyOf(const Caller& caller);

  const std::uint32_t limit_;
  const base::Clock& clock_;
  const KeyHash hash_;
  const std::size_t max_in_shard_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace sampleproc::http
