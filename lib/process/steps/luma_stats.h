// The kernel of the `stats` step, apart from it so that tests and the bench can call it.
#pragma once

#include "frame/frame_result.h"
#include "frame/image.h"

namespace sampleproc::process {

// Statistics of a kGray8 picture of at least 1x1 pixels. Laplacian: l(x,y) = n + s + w + e - 4c
// with neighbours outside the picture mirrored about the border pixel (OpenCV's BORDER_REFLECT_101;
// a picture one pixel wide mirrors onto itself). Variances are of the population: (N * sum(v^2) -
// sum(v)^2) / N^2 in integers, one rounding at the division.
frame::LumaStats ComputeLumaStats(const frame::Image& luma);

}  // namespace sampleproc::process
