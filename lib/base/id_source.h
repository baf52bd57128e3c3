// Numbers for ids: of requests, of traces.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace sampleproc::base {

// Appends 16 hexadecimal digits, the lowest first.
inline void AppendHex(std::uint64_t number, std::string& text) {
  for (int digit = 0; digit < 16; ++digit) {
    text += "0123456789abcdef"[number & 15];
    number >>= 4;
  }
}

// A counter put through the finaliser of SplitMix64 (Steele, Lea, Flood 2014): the numbers of one
// source never repeat and do not tell how many came before. Not for secrets: who sees one can
// compute the others. Thread-safe.
class IdSource {
 public:
  // From a seed that differs from process to process.
  explicit IdSource(std::uint64_t seed) : next_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = next_.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  // The next number as 16 hexadecimal digits, appended to `text`.
  void AppendHex(std::string& text) { base::AppendHex(Next(), text); }

 private:
  std::atomic<std::uint64_t> next_;
};

}  // namespace sampleproc::base
