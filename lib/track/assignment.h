// Which of some things goes with which of others so that all together fit best.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace sampleproc::track {

// One entry for each of `rows`: the column it goes with. No column is given twice; a pair whose
// `gain` is 0 or less is none. The sum of all gains is the largest there is (the Hungarian method,
// as Jonker and Volgenant have it, in O(rows^2 * columns)), and the same for the same gains.
std::vector<std::optional<std::size_t>> Assign(
    std::size_t rows, std::size_t columns,
    const std::function<double(std::size_t row, std::size_t column)>& gain);

}  // namespace sampleproc::track
