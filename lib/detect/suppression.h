// Which of the candidates for one thing stays.
#pragma once

#include <vector>

#include "detect/layout.h"

namespace sampleproc::detect {

// At most so many candidates are compared, the surest ones; and at most so many things reported.
inline constexpr std::size_t kMaxCandidates = 2048;
inline constexpr std::size_t kMaxDetections = 300;

// Sorts by score, the surest first, drops what overlaps a surer one of its class by more than
// `share` (intersection over union), and what is beyond the numbers above. Candidates without
// extent or with a number that is none are dropped. `overlaps` false: nothing is compared.
void KeepSurest(std::vector<Candidate>& candidates, float share, bool overlaps);

}  // namespace sampleproc::detect
