// Random numbers that are the same on every machine for one seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampleproc::sim {

// SplitMix64 (Steele, Lea, Flood, 2014). The standard's distributions differ between libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // 0 .. below - 1; `below` is at least 1.
  std::size_t Below(std::size_t below) { return static_cast<std::size_t>(Next() % below); }
  // least .. most.
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(most - least + 1));
  }
  // True once in so many times on average.
  bool OneIn(std::size_t times) { return Below(times) == 0; }
  bool Percent(std::size_t percent) { return Below(100) < percent; }

 private:
  std::uint64_t state_;
};

}  // namespace sampleproc::sim
