// A frame with its boxes drawn on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "codec/decoder.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// Decodes `frame` again in colour, draws every detection of `result` (a rectangle in its class's
// colour and a label "face 0.93"; lines and letters grow with the picture) and returns a JPEG of
// quality 90. It fails as codec::Decode and codec::EncodeJpeg fail. Any thread; `scratch` is the
// caller's.
base::Result<base::ByteBuffer> Annotate(
    const frame::Frame& frame, const frame::FrameResult& result, const codec::Options& options,
    const base::Allowance& allowance, resources::MemoryBudget& budget, codec::Scratch& scratch,
    std::chrono::milliseconds budget_patience = std::chrono::milliseconds(500));

// The same for a picture that is decoded already; it is copied, not changed.
base::Result<base::ByteBuffer> Annotate(
    const frame::Image& bgr, const frame::FrameResult& result, const base::Allowance& allowance,
    resources::MemoryBudget& budget, codec::Scratch& scratch,
    std::chrono::milliseconds budget_patience = std::chrono::milliseconds(500));

// Draws likewise on the pixels of `image` (kBgr24) themselves, which begin at `pixels`; the boxes
// are in its own pixels.
void DrawDetections(std::uint8_t* pixels, const frame::Image& image,
                    const std::vector<frame::Detection>& detections);

}  // namespace sampleproc::process
