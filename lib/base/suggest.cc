#include "base/suggest.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"

namespace sampleproc::base {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: this one, the last, and the one before for swaps.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = ToLower(a[i - 1]) == ToLower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && ToLower(a[i - 1]) == ToLower(b[j - 2]) &&
          ToLower(a[i - 2]) == ToLower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view Suggest(std::string_view typed, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongest = 100;  // nothing we know is longer; bounds the table
  if (typed.size() > kLongest) return {};
  std::string_view nearest;
  std::size_t best = std::clamp<std::size_t>(typed.size() / 3, 1, 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(typed, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace sampleproc::base
