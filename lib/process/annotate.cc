#include "process/annotate.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "codec/jpeg_encoder.h"
#include "process/canvas.h"

namespace sampleproc::process {
namespace {

constexpr int kQuality = 90;
constexpr std::size_t kLongestLabel = 32;

// Bright enough that black text can be read on each.
Colour ColourOf(std::string_view class_name) {
  if (class_name == "face") return {80, 220, 255};
  if (class_name == "person") return {90, 230, 90};
  if (class_name == "motion") return {255, 170, 70};
  return {230, 130, 255};
}

std::string LabelOf(const frame::Detection& detection) {
  char confidence[16];
  std::snprintf(confidence, sizeof confidence, " %.2f", std::clamp(detection.confidence, 0.0, 1.0));
  return detection.class_name.substr(0, kLongestLabel) + confidence;
}

}  // namespace

// Outlines first, so that none crosses a label.
void DrawDetections(std::uint8_t* pixels, const frame::Image& image,
                    const std::vector<frame::Detection>& detections) {
  Canvas canvas(pixels, image);
  const Pen pen(image);
  for (const frame::Detection& detection : detections) {
    canvas.Outline(detection.bbox, pen.thickness, ColourOf(detection.class_name));
  }
  std::vector<Label> labels;
  for (const frame::Detection& detection : detections) {
    labels.push_back(PlaceLabel(image, detection.bbox, LabelOf(detection), pen.scale, labels));
    DrawLabel(labels.back(), ColourOf(detection.class_name), canvas);
  }
}

namespace {

// Draws on `image`, whose pixels may be changed at `pixels`, and encodes it.
base::Result<base::ByteBuffer> DrawAndEncode(std::uint8_t* pixels, const frame::Image& image,
                                             const frame::FrameResult& result,
                                             const base::Allowance& allowance,
                                             resources::MemoryBudget& budget,
                                             std::chrono::milliseconds budget_patience) {
  // The JPEG while it is written: at quality 90 never near the pixels' own size.
  const auto output = budget.Reserve(image.stride * static_cast<std::size_t>(image.height),
                                     "the annotated frame", budget_patience, allowance);
  if (!output) return std::unexpected(output.error());
  DrawDetections(pixels, image, result.detections);
  if (auto allowed = allowance.Check("annotating"); !allowed) {
    return std::unexpected(allowed.error());
  }
  return codec::EncodeJpeg(image, kQuality);
}

}  // namespace

base::Result<base::ByteBuffer> Annotate(const frame::Frame& frame, const frame::FrameResult& result,
                                        const codec::Options& options,
                                        const base::Allowance& allowance,
                                        resources::MemoryBudget& budget, codec::Scratch& scratch,
                                        std::chrono::milliseconds budget_patience) {
  const auto decoded = codec::Decode({frame.encoded, frame.raw}, frame::PixelFormat::kBgr24,
                                     options, allowance, budget, scratch, budget_patience);
  if (!decoded) return std::unexpected(decoded.error());
  return DrawAndEncode(scratch.Pixels(), decoded->image, result, allowance, budget,
                       budget_patience);
}

base::Result<base::ByteBuffer> Annotate(const frame::Image& bgr, const frame::FrameResult& result,
                                        const base::Allowance& allowance,
                                        resources::MemoryBudget& budget, codec::Scratch& scratch,
                                        std::chrono::milliseconds budget_patience) {
  const std::size_t row = static_cast<std::size_t>(bgr.width) * 3;
  const std::size_t bytes = row * static_cast<std::size_t>(bgr.height);
  const auto copy = budget.Reserve(bytes, "the annotated frame", budget_patience, allowance);
  if (!copy) return std::unexpected(copy.error());
  std::uint8_t* const pixels = scratch.Take(bytes);
  for (int y = 0; y < bgr.height; ++y) {
    std::memcpy(pixels + static_cast<std::size_t>(y) * row, bgr.Row(y), row);
  }
  const frame::Image image{pixels, bgr.width, bgr.height, row, frame::PixelFormat::kBgr24};
  return DrawAndEncode(pixels, image, result, allowance, budget, budget_patience);
}

}  // namespace sampleproc::process
