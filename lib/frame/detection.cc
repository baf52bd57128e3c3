#include "frame/detection.h"

#include <cmath>

namespace sampleproc::frame {

double ScoreToConfidence(double score, double k, double s0) {
  return 1.0 / (1.0 + std::exp(-k * (score - s0)));
}

}  // namespace sampleproc::frame
