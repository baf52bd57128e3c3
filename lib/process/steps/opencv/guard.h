// No exception of OpenCV's crosses to the program.
#pragma once

#include <cstddef>
#include <new>
#include <opencv2/core.hpp>

#include "process/steps/opencv/module_abi.h"

namespace sampleproc::process::opencv {

template <typename Work>
Status Guarded(Work work) noexcept {
  try {
    return work();
  } catch (const cv::Exception& error) {
    return error.code == cv::Error::StsNoMem ? Status::kNoMemory : Status::kInternal;
  } catch (const std::bad_alloc&) {
    return Status::kNoMemory;
  } catch (...) {
    return Status::kInternal;
  }
}

// Grouping compares windows with each other, so its time grows with their square: so many take
// about a second. Scenes have a few thousand.
inline constexpr std::size_t kMostWindows = 30'000;

// The program's pixels as OpenCV sees them; nothing writes to them.
inline cv::Mat View(const Picture& picture, int type) {
  return {picture.height, picture.width, type, const_cast<std::uint8_t*>(picture.data),
          picture.stride};
}

}  // namespace sampleproc::process::opencv
