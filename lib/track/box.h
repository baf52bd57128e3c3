// Boxes in fractions of pixels, and how much two of them have in common.
#pragma once

#include "frame/detection.h"

namespace sampleproc::track {

struct Box {
  double x = 0;  // centre
  double y = 0;
  double width = 0;
  double height = 0;

  static Box Of(const frame::Bbox& bbox);

  // The middle of the lower edge: where a thing stands.
  double foot_x() const { return x; }
  double foot_y() const { return y + height / 2; }
  double area() const { return width * height; }

  // Larger by `share` of each side, at both of its ends.
  Box Grown(double share) const;
};

double CommonArea(const Box& a, const Box& b);

// Intersection over union, 0..1.
double Overlap(const Box& a, const Box& b);

}  // namespace sampleproc::track
