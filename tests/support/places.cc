#include "support/places.h"

namespace sampleproc::testing {

const char* const kSourceDir = SAMPLEPROC_SOURCE_DIR;
const char* const kOpencvModule = SAMPLEPROC_OPENCV_MODULE;
const char* const kDnnModule = SAMPLEPROC_DNN_MODULE;
const char* const kVideoModule = SAMPLEPROC_VIDEO_MODULE;
const char* const kSlowNetworks = SAMPLEPROC_SLOW_NETWORKS;

}  // namespace sampleproc::testing
