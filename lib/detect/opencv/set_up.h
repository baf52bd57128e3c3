// OpenCV's settings for the whole process; part of each module that brings OpenCV.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/core/ocl.hpp>
#include <opencv2/core/utils/logger.hpp>

namespace sampleproc::detect::opencv {

// Makes them, once for each module, before its first use of OpenCV: the workers are the threads, no
// graphics card is looked for, and nothing is printed to standard error, past our log, that OpenCV
// also throws or returns; what matters of it becomes a status.
inline void SetUpOnce() {
  static const bool done = [] {
    cv::setNumThreads(0);
    cv::ocl::setUseOpenCL(false);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace sampleproc::detect::opencv
