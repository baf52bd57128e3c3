#include "loadtest/capacity.h"

#include <algorithm>
#include <cmath>

namespace sampleproc::loadtest {

std::optional<double> CapacitySearch::Next() const {
  if (is_over_) return std::nullopt;
  return rate_;
}

void CapacitySearch::Tell(bool holds) {
  if (!holds && !failed_once_) {
    failed_once_ = true;
    return;
  }
  failed_once_ = false;
  if (holds) {
    holds_ = std::max(holds_, rate_);
  } else {
    fails_ = rate_;
  }
  Choose();
}

void CapacitySearch::Choose() {
  if (fails_ == 0) {
    is_over_ = rate_ >= options_.most;
    rate_ = std::min(rate_ * 2, options_.most);
  } else if (holds_ == 0) {
    is_over_ = rate_ <= options_.least;
    rate_ = std::max(rate_ / 2, options_.least);
  } else {
    is_over_ = fails_ / holds_ <= 1 + options_.precision;
    rate_ = std::sqrt(fails_ * holds_);
  }
}

}  // namespace sampleproc::loadtest
