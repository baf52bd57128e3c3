// A small JPEG of a frame, with and without its boxes: for those who look at a camera.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "frame/frame_result.h"
#include "frame/image.h"

namespace sampleproc::process {

// Pixels of its longer side; a smaller picture keeps its size.
inline constexpr int kStillSide = 640;

struct MadeStills {
  std::optional<std::string> plain;
  std::optional<std::string> annotated;
};

// Memory that MakeStills takes beside the picture it is given.
std::size_t StillBytes(const frame::Image& picture);

// What is wanted of the two, at JPEG quality 75. `picture` is the frame of `result`, perhaps
// reduced, gray or in colour. Fails as codec::EncodeJpeg fails. Any thread.
base::Result<MadeStills> MakeStills(const frame::Image& picture, const frame::FrameResult& result,
                                    bool plain, bool annotated);

}  // namespace sampleproc::process
