#include "process/steps/luma_stats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace sampleproc::process {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr int kLevels = 256;
// Neighbouring pixels are often equal; counting them in one table would make each increment wait
// for the one before it.
constexpr int kTables = 8;
// Pixels of a row whose squared Laplacians (at most 1020^2 each) sum up in 32 bits.
constexpr int kBlock = 1024;

struct Counts {
  alignas(64) std::array<std::array<std::uint32_t, kLevels>, kTables> tables{};
};

struct LaplacianSums {
  std::int64_t sum = 0;
  std::uint64_t squares = 0;
};

void CountRow(const std::uint8_t* row, int width, Counts& counts) {
  auto& t = counts.tables;
  int x = 0;
  for (; x + kTables <= width; x += kTables) {
    std::uint64_t eight;
    std::memcpy(&eight, row + x, sizeof eight);
    ++t[0][eight & 255];
    ++t[1][eight >> 8 & 255];
    ++t[2][eight >> 16 & 255];
    ++t[3][eight >> 24 & 255];
    ++t[4][eight >> 32 & 255];
    ++t[5][eight >> 40 & 255];
    ++t[6][eight >> 48 & 255];
    ++t[7][eight >> 56];
  }
  for (; x < width; ++x) ++t[0][row[x]];
}

void AddPixel(int laplacian, LaplacianSums& sums) {
  sums.sum += laplacian;
  sums.squares += static_cast<std::uint64_t>(laplacian * laplacian);
}

// The inner pixels of a row, in a form that compilers turn into 16-bit multiply-and-add.
[[gnu::always_inline]] inline void AddInnerPixels(const std::uint8_t* above,
                                                  const std::uint8_t* row,
                                                  const std::uint8_t* below, int width,
                                                  LaplacianSums& sums) {
  for (int start = 1; start < width - 1; start += kBlock) {
    const int end = std::min(start + kBlock, width - 1);
    std::int32_t sum = 0;
    std::int32_t squares = 0;
    for (int x = start; x < end; ++x) {
      const auto v =
          static_cast<std::int16_t>(above[x] + below[x] + row[x - 1] + row[x + 1] - 4 * row[x]);
      sum += v;
      squares += v * v;
    }
    sums.sum += sum;
    sums.squares += static_cast<std::uint64_t>(squares);
  }
}

using InnerPixels = void (*)(const std::uint8_t*, const std::uint8_t*, const std::uint8_t*, int,
                             LaplacianSums&);

void InnerPixelsPlain(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below,
                      int width, LaplacianSums& sums) {
  AddInnerPixels(above, row, below, width, sums);
}

#if defined(__x86_64__)
// The same code for wider registers. Chosen by hand, because the loader's way of choosing
// (target_clones) runs before sanitizers are ready.
[[gnu::target("avx2")]] void InnerPixelsAvx2(const std::uint8_t* above, const std::uint8_t* row,
                                             const std::uint8_t* below, int width,
                                             LaplacianSums& sums) {
  AddInnerPixels(above, row, below, width, sums);
}

InnerPixels ChooseInnerPixels() {
  return __builtin_cpu_supports("avx2") ? InnerPixelsAvx2 : InnerPixelsPlain;
}
#else
InnerPixels ChooseInnerPixels() { return InnerPixelsPlain; }
#endif

// Index of a neighbour mirrored about the border pixel; a lone pixel is its own neighbour.
int Reflect(int i, int size) {
  if (size == 1) return 0;
  if (i < 0) return -i;
  return i < size ? i : 2 * size - 2 - i;
}

// numerator / denominator rounded once, to nearest even, whatever their size: 63 bits of quotient
// with "there was a remainder" in the last of them.
double Ratio(Uint128 numerator, Uint128 denominator) {
  if (numerator == 0) return 0.0;
  Uint128 quotient = numerator / denominator;
  Uint128 remainder = numerator % denominator;
  int shift = 0;
  while (quotient < (Uint128{1} << 62)) {
    quotient <<= 1;
    remainder <<= 1;
    ++shift;
    if (remainder >= denominator) {
      remainder -= denominator;
      quotient |= 1;
    }
  }
  if (remainder != 0) quotient |= 1;
  return std::ldexp(static_cast<double>(static_cast<std::uint64_t>(quotient)), -shift);
}

// (N * sum(v^2) - sum(v)^2) / N^2
double Variance(std::uint64_t n, std::int64_t sum, std::uint64_t squares) {
  const auto magnitude = static_cast<Uint128>(sum < 0 ? -sum : sum);
  return Ratio(Uint128{n} * squares - magnitude * magnitude, Uint128{n} * n);
}

void SummariseLevels(const Counts& counts, std::uint64_t n, frame::LumaStats& stats) {
  std::uint64_t sum = 0;
  std::uint64_t squares = 0;
  std::uint64_t dark = 0;
  std::uint64_t bright = 0;
  stats.min = kLevels;
  for (int level = 0; level < kLevels; ++level) {
    std::uint64_t count = 0;
    for (const auto& table : counts.tables) count += table[static_cast<std::size_t>(level)];
    if (count == 0) continue;
    const auto value = static_cast<std::uint64_t>(level);
    sum += count * value;
    squares += count * value * value;
    stats.histogram[value / (kLevels / frame::kHistogramBins)] += count;
    stats.min = std::min(stats.min, level);
    stats.max = level;
    if (level < 16) dark += count;
    if (level >= 240) bright += count;
  }
  stats.mean = Ratio(sum, n);
  stats.stddev = std::sqrt(Variance(n, static_cast<std::int64_t>(sum), squares));
  stats.underexposed = Ratio(dark, n);
  stats.overexposed = Ratio(bright, n);
}

}  // namespace

frame::LumaStats ComputeLumaStats(const frame::Image& luma, LumaKernel kernel) {
  const InnerPixels inner_pixels =
      kernel == LumaKernel::kPlain ? InnerPixelsPlain : ChooseInnerPixels();
  const int width = luma.width;
  Counts counts;
  LaplacianSums laplacian;
  for (int y = 0; y < luma.height; ++y) {
    const std::uint8_t* const row = luma.Row(y);
    const std::uint8_t* const above = luma.Row(Reflect(y - 1, luma.height));
    const std::uint8_t* const below = luma.Row(Reflect(y + 1, luma.height));
    CountRow(row, width, counts);
    inner_pixels(above, row, below, width, laplacian);
    for (const int x : {0, width - 1}) {
      AddPixel(above[x] + below[x] + row[Reflect(x - 1, width)] + row[Reflect(x + 1, width)] -
                   4 * row[x],
               laplacian);
      if (width == 1) break;
    }
  }
  const std::uint64_t n =
      static_cast<std::uint64_t>(luma.width) * static_cast<std::uint64_t>(luma.height);
  frame::LumaStats stats;
  SummariseLevels(counts, n, stats);
  stats.sharpness = Variance(n, laplacian.sum, laplacian.squares);
  return stats;
}

}  // namespace sampleproc::process
