#include "track/assignment.h"

#include <algorithm>
#include <limits>

namespace sampleproc::track {
namespace {

// Costs with a free column for each row beside the true ones, so that no row has to take a bad one.
class Costs {
 public:
  Costs(std::size_t rows, std::size_t columns,
        const std::function<double(std::size_t, std::size_t)>& gain)
      : width_(columns + rows), columns_(columns), costs_(rows * width_, 0.0) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        // A pair that is none costs more than a free column does.
        const double value = gain(row, column);
        costs_[row * width_ + column] = value > 0 ? -value : 1;
      }
    }
  }

  double At(std::size_t row, std::size_t column) const { return costs_[row * width_ + column]; }
  std::size_t width() const { return width_; }
  bool IsPair(std::size_t row, std::size_t column) const {
    return column < columns_ && At(row, column) < 0;
  }

 private:
  const std::size_t width_;
  const std::size_t columns_;
  std::vector<double> costs_;
};

}  // namespace

std::vector<std::optional<std::size_t>> Assign(
    std::size_t rows, std::size_t columns,
    const std::function<double(std::size_t row, std::size_t column)>& gain) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Costs costs(rows, columns, gain);
  // Rows and columns count from 1 in here, 0 is none. Each round adds a row along the shortest path
  // of changes; the potentials keep all reduced costs at 0 or above.
  std::vector<double> row_potential(rows + 1, 0.0);
  std::vector<double> column_potential(costs.width() + 1, 0.0);
  std::vector<std::size_t> row_of(costs.width() + 1, 0);
  for (std::size_t row = 1; row <= rows; ++row) {
    std::vector<double> distance(costs.width() + 1, kInfinity);
    std::vector<std::size_t> before(costs.width() + 1, 0);
    std::vector<bool> is_done(costs.width() + 1, false);
    std::size_t column = 0;
    row_of[0] = row;
    while (row_of[column] != 0) {
      is_done[column] = true;
      const std::size_t at = row_of[column];
      std::size_t next = 0;
      double least = kInfinity;
      for (std::size_t j = 1; j <= costs.width(); ++j) {
        if (is_done[j]) continue;
        const double reduced = costs.At(at - 1, j - 1) - row_potential[at] - column_potential[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          before[j] = column;
        }
        if (distance[j] < least) {
          least = distance[j];
          next = j;
        }
      }
      for (std::size_t j = 0; j <= costs.width(); ++j) {
        if (is_done[j]) {
          row_potential[row_of[j]] += least;
          column_potential[j] -= least;
        } else {
          distance[j] -= least;
        }
      }
      column = next;
    }
    for (; column != 0; column = before[column]) row_of[column] = row_of[before[column]];
  }
  std::vector<std::optional<std::size_t>> taken(rows);
  for (std::size_t j = 1; j <= costs.width(); ++j) {
    if (row_of[j] == 0 || !costs.IsPair(row_of[j] - 1, j - 1)) continue;
    taken[row_of[j] - 1] = j - 1;
  }
  return taken;
}

}  // namespace sampleproc::track
