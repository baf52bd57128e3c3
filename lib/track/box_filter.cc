#include "track/box_filter.h"

#include <algorithm>

namespace sampleproc::track {
namespace {

// In heights of the box: of what is found, of its speed when it is first seen (a person walks about
// one height a second), and of how fast that changes.
constexpr double kPlaceDeviation = 0.05;
constexpr double kSideDeviation = 0.08;
constexpr double kFirstSpeed = 1.0;
constexpr double kFirstGrowth = 0.1;
constexpr double kPlaceAcceleration = 0.8;
constexpr double kSideAcceleration = 0.1;

// What is not seen has half its speed after so many seconds.
constexpr double kHalfSpeedAfter = 2.0;
constexpr double kLeastSide = 1.0;

bool IsPlace(std::size_t axis) { return axis < 2; }

}  // namespace

void BoxFilter::Axis::Predict(double seconds, double acceleration, double kept) {
  const double noise = acceleration * acceleration;
  value += velocity * seconds;
  velocity *= kept;
  value_variance += 2 * seconds * covariance + seconds * seconds * velocity_variance +
                    noise * seconds * seconds * seconds / 3;
  covariance =
      covariance * kept + seconds * velocity_variance * kept + noise * seconds * seconds / 2;
  velocity_variance = velocity_variance * kept * kept + noise * seconds;
}

void BoxFilter::Axis::Correct(double found, double deviation) {
  const double total = value_variance + deviation * deviation;
  const double gain = value_variance / total;
  const double velocity_gain = covariance / total;
  const double error = found - value;
  value += gain * error;
  velocity += velocity_gain * error;
  velocity_variance -= velocity_gain * covariance;
  covariance *= 1 - gain;
  value_variance *= 1 - gain;
}

BoxFilter::BoxFilter(const Box& first) {
  const double values[] = {first.x, first.y, first.width, first.height};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const double deviation =
        (IsPlace(i) ? kPlaceDeviation : kSideDeviation) * std::max(first.height, kLeastSide);
    const double speed =
        (IsPlace(i) ? kFirstSpeed : kFirstGrowth) * std::max(first.height, kLeastSide);
    axes_[i] = {values[i], 0, deviation * deviation, 0, speed * speed};
  }
}

void BoxFilter::Predict(double seconds, bool is_seen) {
  const double scale = Scale();
  const double kept = is_seen ? 1 : 1 / (1 + seconds / kHalfSpeedAfter);
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    axes_[i].Predict(seconds, scale * (IsPlace(i) ? kPlaceAcceleration : kSideAcceleration), kept);
  }
}

void BoxFilter::Correct(const Box& found, double doubt) {
  const double scale = Scale();
  const double values[] = {found.x, found.y, found.width, found.height};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    axes_[i].Correct(values[i], scale * doubt * (IsPlace(i) ? kPlaceDeviation : kSideDeviation));
  }
}

Box BoxFilter::box() const {
  return {axes_[0].value, axes_[1].value, std::max(axes_[2].value, kLeastSide),
          std::max(axes_[3].value, kLeastSide)};
}

double BoxFilter::Scale() const { return std::max(axes_[3].value, kLeastSide); }

}  // namespace sampleproc::track
