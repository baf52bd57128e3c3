// The kernel of the `stats` step, apart from it so that tests and the bench can call it.
#pragma once

#include "frame/frame_result.h"
#include "frame/image.h"

namespace sampleproc::process {

// Statistics of a kGray8 picture of at least 1x1 pixels. Laplacian: l(x,y) = n + s + w + e - 4c
// with neighbours outside the picture mirrored about the border pixel (OpenCV's BORDER_REFLECT_101;
// a picture one pixel wide mirrors onto itself). Variances are of the population: (N * sum(v^2) -
// sum(v)^2) / N^2 in integers, one rounding at the division.
//
// kBest takes the widest registers that the CPU has; kPlain is its twin for every CPU and gives the
// same bytes.
enum class LumaKernel { kBest, kPlain };
frame::LumaStats ComputeLumaStats(const frame::Image& luma, LumaKernel kernel = LumaKernel::kBest);

}  // namespace sampleproc::process
