// Lines in shares of a picture.
#pragma once

#include "frame/scene.h"

namespace sampleproc::track {

// Above 0: to the right of the line as it is seen from `from` to `to`, in a picture whose y grows
// downwards; below 0: to its left. Twice the area of the triangle.
double Side(const frame::Point& point, const frame::Point& from, const frame::Point& to);

// Whether a way from `a` to `b` meets the line between its ends.
bool Meets(const frame::Point& a, const frame::Point& b, const frame::Line& line);

}  // namespace sampleproc::track
