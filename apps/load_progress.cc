#include "apps/load_progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>

#include "loadtest/numbers.h"

namespace sampleproc::apps {
namespace {

constexpr std::uint64_t kSecondsALine = 5;
constexpr std::size_t kBars = 10;

}  // namespace

std::string Spark(const loadtest::Histogram& histogram) {
  constexpr std::array<const char*, 9> kLevels = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::array<std::uint64_t, kBars> bars{};
  // On a scale of powers of two, the last bar at the 99.9th percentile.
  const double top = std::log2(static_cast<double>(histogram.ValueAt(99.9)) + 1);
  for (std::size_t slot = 0; slot < histogram.slots(); ++slot) {
    const std::uint64_t count = histogram.CountIn(slot);
    if (count == 0) continue;
    const double value = static_cast<double>(loadtest::Histogram::LargestIn(slot));
    const double place = static_cast<double>(kBars) - (top - std::log2(value + 1)) - 1;
    bars[static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kBars - 1)))] += count;
  }
  const std::uint64_t most = std::max<std::uint64_t>(*std::ranges::max_element(bars), 1);
  std::string text;
  for (const std::uint64_t bar : bars) {
    text += kLevels[(bar * 8 + most - 1) / most];
  }
  return text;
}

std::string FormatSecond(const loadtest::Second& second, const loadtest::Measurement& total) {
  using loadtest::FormatLatency;
  return std::to_string(second.second + 1) + " s  " + std::to_string(second.good) + "/s  p50 " +
         FormatLatency(second.p50_ms, " ms") + "  p99 " + FormatLatency(second.p99_ms, " ms") +
         "  errors " + std::to_string(total.ErrorCount());
}

LoadProgress::~LoadProgress() {
  if (kind_ == Kind::kTerminal) out_ << "\r\x1b[K" << std::flush;
}

void LoadProgress::ShowOpening(std::size_t opened, std::size_t wanted) {
  const std::string text =
      "opening connections: " + std::to_string(opened) + " of " + std::to_string(wanted);
  if (kind_ == Kind::kTerminal) {
    out_ << "\r\x1b[K" << text << std::flush;
  } else if (kind_ == Kind::kLines && told_++ % kSecondsALine == 0) {
    out_ << text << "\n" << std::flush;
  }
}

void LoadProgress::Show(const loadtest::Second& second, const loadtest::Measurement& total) {
  if (kind_ == Kind::kTerminal) {
    out_ << "\r\x1b[K" << FormatSecond(second, total) << "  [" << Spark(total.corrected) << "]"
         << std::flush;
  } else if (kind_ == Kind::kLines && (second.second + 1) % kSecondsALine == 0) {
    out_ << FormatSecond(second, total) << "\n" << std::flush;
  }
}

}  // namespace sampleproc::apps
