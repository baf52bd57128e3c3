#include "files/summary.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace sampleproc::files {
namespace {

constexpr std::size_t kMostKinds = 8;

std::string PassedOver(const std::map<std::string, std::size_t>& kinds) {
  std::vector<std::pair<std::size_t, std::string>> sorted;
  std::size_t entries = 0;  // of folders
  for (const auto& [kind, count] : kinds) {
    sorted.emplace_back(count, kind);
    entries += count;
  }
  std::ranges::stable_sort(sorted, std::greater<>(), &std::pair<std::size_t, std::string>::first);
  std::string text =
      "; passed over " + std::to_string(entries) + (entries == 1 ? " entry (" : " entries (");
  std::size_t others = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i >= kMostKinds) {
      others += sorted[i].first;
      continue;
    }
    text += (i == 0 ? "" : ", ") + std::to_string(sorted[i].first) + " " + sorted[i].second;
  }
  if (others > 0) text += ", " + std::to_string(others) + " others";
  return text + ")";
}

}  // namespace

std::string FormatSummary(const Summary& summary) {
  const double seconds = std::chrono::duration<double>(summary.elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(summary.frames) / seconds : 0;
  char numbers[80];
  std::snprintf(numbers, sizeof numbers, ", %.*f s, %.1f/s", seconds < 1 ? 3 : 1, seconds, rate);
  std::string text = std::to_string(summary.frames) +
                     (summary.frames == 1 ? " frame, " : " frames, ") +
                     std::to_string(summary.failed) + " failed, " +
                     std::to_string(summary.dropped) + " dropped" + numbers;
  if (!summary.passed_over.empty()) text += PassedOver(summary.passed_over);
  return text;
}

}  // namespace sampleproc::files
