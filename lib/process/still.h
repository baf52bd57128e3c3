// A small JPEG of a frame, with and without its boxes: for those who look at a camera.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

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

// Memory that MakeStills takes beside the picture it is given, and ShrunkJpeg with its `side`.
std::size_t StillBytes(const frame::Image& picture, int side = kStillSide);

// The picture as a JPEG of that quality, no more than `side` pixels on its longer side. Fails as
// codec::EncodeJpeg fails. Any thread.
base::Result<std::string> ShrunkJpeg(const frame::Image& picture, int side, int quality);

// The box of a picture of `from_width` by `from_height` pixels in one of `to_width` by `to_height`.
frame::Bbox ScaledBox(const frame::Bbox& box, int from_width, int from_height, int to_width,
                      int to_height);

// The sides of the picture that ShrunkJpeg makes of one of these sides.
std::pair<int, int> ShrunkSize(int width, int height, int side);

// What is wanted of the two, at JPEG quality 75. `picture` is the frame of `result`, perhaps
// reduced, gray or in colour. Fails as codec::EncodeJpeg fails. Any thread.
base::Result<MadeStills> MakeStills(const frame::Image& picture, const frame::FrameResult& result,
                                    bool plain, bool annotated);

}  // namespace sampleproc::process
