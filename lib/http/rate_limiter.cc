#include "http/rate_limiter.h"

#include <algorithm>
#include <cstring>

#include "base/mutex.h"

namespace sampleproc::http {
namespace {

constexpr std::size_t kShards = 64;

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t Mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

struct RateLimiter::Shard {
  base::Mutex mutex;
  Order order GUARDED_BY(mutex);
  std::unordered_map<Key, Order::iterator, KeyHash> by_key GUARDED_BY(mutex);

  // Windows that hold nothing need not be kept. Two at most, so that no call pays for many.
  void ForgetIdle(base::MonoTime now) REQUIRES(mutex) {
    for (int i = 0; i < 2 && !order.empty() && order.back().window.IdleAt(now); ++i) ForgetLast();
  }
  void ForgetLast() REQUIRES(mutex) {
    by_key.erase(order.back().key);
    order.pop_back();
  }
};

std::size_t RateLimiter::KeyHash::operator()(const Key& key) const {
  std::uint64_t halves[2];
  std::memcpy(halves, key.bytes.data(), sizeof halves);
  return Mixed(Mixed(Mixed(seed ^ halves[0]) ^ halves[1]) ^ key.kind);
}

RateLimiter::RateLimiter(std::uint32_t limit, const base::Clock& clock, std::uint64_t seed,
                         std::size_t max_callers)
    : limit_(limit),
      clock_(clock),
      hash_{seed},
      max_in_shard_(std::max<std::size_t>(max_callers / kShards, 1)),
      shards_(new Shard[kShards]) {
  for (std::size_t i = 0; i < kShards; ++i) {
    const base::MutexLock lock(shards_[i].mutex);
    shards_[i].by_key = std::unordered_map<Key, Order::iterator, KeyHash>(0, hash_);
  }
}

RateLimiter::~RateLimiter() = default;

RateLimiter::Key RateLimiter::KeyOf(const Caller& caller) {
  Key key;
  if (caller.token) {
    key.kind = 1;
    std::memcpy(key.bytes.data(), &*caller.token, sizeof *caller.token);
  } else if (caller.address.known) {
    key.kind = 2;
    key.bytes = caller.address.Customer().bytes;
  }
  return key;
}

RateLimiter::Verdict RateLimiter::Take(const Caller& caller, std::uint32_t cost) {
  const Key key = KeyOf(caller);
  const base::MonoTime now = clock_.Now();
  // The map takes the hash's low bits.
  Shard& shard = shards_[hash_(key) >> 58];
  const base::MutexLock lock(shard.mutex);
  shard.ForgetIdle(now);
  auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) {
    if (shard.order.size() >= max_in_shard_) shard.ForgetLast();
    shard.order.push_front({key, {}});
    found = shard.by_key.emplace(key, shard.order.begin()).first;
  } else {
    shard.order.splice(shard.order.begin(), shard.order, found->second);
  }
  const auto decision = found->second->window.Take(now, cost, limit_);
  return {decision.allowed, {limit_, decision.remaining, decision.wait}};
}

std::size_t RateLimiter::callers() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kShards; ++i) {
    const base::MutexLock lock(shards_[i].mutex);
    sum += shards_[i].order.size();
  }
  return sum;
}

}  // namespace sampleproc::http
