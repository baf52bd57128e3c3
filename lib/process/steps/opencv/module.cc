// The module's door: the table of functions that the program asks for by name.
#include <opencv2/core.hpp>
#include <opencv2/core/ocl.hpp>
#include <opencv2/core/utils/logger.hpp>

#include "process/steps/opencv/kernels.h"

namespace sampleproc::process::opencv {
namespace {

// OpenCV's settings for the whole process, made before its first use; nothing else in the program
// uses it. The workers are the threads, and no graphics card is looked for. OpenCV prints to
// standard error, past our log, what it also throws or returns; what matters of it becomes a
// status.
void SetUpOnce() {
  static const bool done = [] {
    cv::setNumThreads(0);
    cv::ocl::setUseOpenCL(false);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    return true;
  }();
  static_cast<void>(done);
}

constexpr Module kModule = {
    kModuleVersion, &MakePeople,  &FindPeople,     &FreePeople, &LoadCascade,
    &FindCascade,   &FreeCascade, &MakeBackground, &Watch,      &FreeBackground,
};

}  // namespace
}  // namespace sampleproc::process::opencv

extern "C" __attribute__((visibility("default"))) const sampleproc::process::opencv::Module*
sampleproc_opencv_module() {
  sampleproc::process::opencv::SetUpOnce();
  return &sampleproc::process::opencv::kModule;
}
