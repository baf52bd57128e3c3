// "Did you mean ...": the nearest of the words that would have been right.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sampleproc::base {

// Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b`, no part
// edited twice (the optimal string alignment form of the Damerau-Levenshtein distance). Letters are
// compared without regard to case.
std::size_t EditDistance(std::string_view a, std::string_view b);

// The nearest candidate, or "" when none is near enough to have been meant: up to one edit for
// each three characters typed, three at most.
std::string_view Suggest(std::string_view typed, std::span<const std::string_view> candidates);

}  // namespace sampleproc::base
