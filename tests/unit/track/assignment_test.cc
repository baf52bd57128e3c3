#include "track/assignment.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

namespace sampleproc::track {
namespace {

using Gains = std::vector<std::vector<double>>;

double Total(const Gains& gains, const std::vector<std::optional<std::size_t>>& taken) {
  double sum = 0;
  for (std::size_t row = 0; row < taken.size(); ++row) {
    if (taken[row]) sum += gains[row][*taken[row]];
  }
  return sum;
}

// By trying all ways.
double Best(const Gains& gains, std::size_t columns, std::size_t row, std::vector<bool>& used) {
  if (row == gains.size()) return 0;
  double best = Best(gains, columns, row + 1, used);
  for (std::size_t column = 0; column < columns; ++column) {
    if (used[column] || gains[row][column] <= 0) continue;
    used[column] = true;
    best = std::max(best, gains[row][column] + Best(gains, columns, row + 1, used));
    used[column] = false;
  }
  return best;
}

TEST_CASE("assignment: the sum of gains is the largest, and no column is given twice") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::size_t rows = random() % 6;
    const std::size_t columns = random() % 6;
    Gains gains(rows, std::vector<double>(columns));
    for (auto& row : gains) {
      for (double& gain : row)
        gain = random() % 3 == 0 ? 0 : static_cast<double>(random() % 1000) / 1000.0;
    }
    const auto taken = Assign(
        rows, columns, [&](std::size_t row, std::size_t column) { return gains[row][column]; });
    REQUIRE(taken.size() == rows);
    std::vector<bool> used(columns, false);
    for (std::size_t row = 0; row < rows; ++row) {
      if (!taken[row]) continue;
      CHECK(gains[row][*taken[row]] > 0);
      CHECK_FALSE(used[*taken[row]]);
      used[*taken[row]] = true;
    }
    std::vector<bool> free(columns, false);
    CHECK(Total(gains, taken) == Approx(Best(gains, columns, 0, free)));
  }
}

}  // namespace
}  // namespace sampleproc::track
