// Where a box is and where it will be: a Kalman filter with constant velocity, as in SORT (A.
// Bewley et al., "Simple Online and Realtime Tracking", ICIP 2016, arXiv:1602.00763).
//
// Centre and sides are four filters of two numbers each: with noise that is independent for each of
// them, the filter of eight numbers falls apart into these. Noise is in shares of the box's height,
// as in DeepSORT (arXiv:1703.07402), and time is in seconds, because cameras leave out frames.
#pragma once

#include <array>

#include "track/box.h"

namespace sampleproc::track {

class BoxFilter {
 public:
  explicit BoxFilter(const Box& first);

  // Goes on by so many seconds. `is_seen`: it was found in the frame before; what is not slows down
  // with time, because nobody knows whether it went on.
  void Predict(double seconds, bool is_seen);

  // What was found now. `doubt` multiplies the noise of the measurement's deviation: a box that may
  // be that of two things says little of either.
  void Correct(const Box& found, double doubt);

  Box box() const;

 private:
  struct Axis {
    double value;
    double velocity;
    double value_variance;
    double covariance;
    double velocity_variance;

    void Predict(double seconds, double acceleration, double kept);
    void Correct(double found, double deviation);
  };

  double Scale() const;  // the height, which noise is in shares of

  std::array<Axis, 4> axes_;  // x, y, width, height
};

}  // namespace sampleproc::track
