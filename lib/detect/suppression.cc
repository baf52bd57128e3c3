#include "detect/suppression.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace sampleproc::detect {
namespace {

float Area(const Candidate& c) { return (c.x2 - c.x1) * (c.y2 - c.y1); }

bool Overlap(const Candidate& a, const Candidate& b, float share) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return false;
  const float both = width * height;
  return both > share * (Area(a) + Area(b) - both);
}

bool HasExtent(const Candidate& c) { return std::isfinite(Area(c)) && c.x1 < c.x2 && c.y1 < c.y2; }

// A total order, so that equal scores come out alike everywhere.
auto Key(const Candidate& c) { return std::tuple(-c.score, c.class_index, c.y1, c.x1, c.y2, c.x2); }

}  // namespace

void KeepSurest(std::vector<Candidate>& candidates, float share, bool overlaps) {
  std::erase_if(candidates, [](const Candidate& c) { return !HasExtent(c); });
  std::ranges::sort(candidates, {}, Key);
  if (candidates.size() > kMaxCandidates) candidates.resize(kMaxCandidates);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates.size() && kept < kMaxDetections; ++i) {
    const Candidate next = candidates[i];
    const bool repeated =
        overlaps &&
        std::any_of(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(kept),
                    [&](const Candidate& surer) {
                      return surer.class_index == next.class_index && Overlap(surer, next, share);
                    });
    if (!repeated) candidates[kept++] = next;
  }
  candidates.resize(kept);
}

}  // namespace sampleproc::detect
