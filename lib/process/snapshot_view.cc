#include "process/snapshot_view.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/out_of_memory.h"
#include "codec/decoder.h"
#include "codec/jpeg_encoder.h"
#include "frame/image.h"
#include "process/annotate.h"

namespace sampleproc::process {
namespace {

constexpr int kQuality = 90;
constexpr int kAround = 4;  // a crop's edge, in parts of the box's longer side

// The part of the picture that a crop shows; all of it where the box is none of it.
frame::Image Cut(const frame::Image& image, const frame::Bbox& box) {
  const int around = std::max(box.x2 - box.x1, box.y2 - box.y1) / kAround;
  const int left = std::clamp(box.x1 - around, 0, image.width);
  const int top = std::clamp(box.y1 - around, 0, image.height);
  const int right = std::clamp(box.x2 + around, left, image.width);
  const int bottom = std::clamp(box.y2 + around, top, image.height);
  if (right == left || bottom == top) return image;
  frame::Image cut = image;
  cut.data = image.Row(top) + static_cast<std::size_t>(left) *
                                  static_cast<std::size_t>(frame::Channels(image.format));
  cut.width = right - left;
  cut.height = bottom - top;
  return cut;
}

}  // namespace

base::Result<base::ByteBuffer> ViewOf(base::ByteView jpeg, const frame::Detection& detection,
                                      const SnapshotView& view, const codec::Options& options,
                                      const base::Allowance& allowance,
                                      resources::MemoryBudget& budget) {
  try {
    codec::Scratch scratch;
    const auto decoded =
        codec::Decode({jpeg}, frame::PixelFormat::kBgr24, options, allowance, budget, scratch);
    if (!decoded) return std::unexpected(decoded.error());
    if (view.annotate) DrawDetections(scratch.Pixels(), decoded->image, {detection});
    return codec::EncodeJpeg(view.crop ? Cut(decoded->image, detection.bbox) : decoded->image,
                             kQuality);
  } catch (const std::bad_alloc&) {
    return base::OutOfMemory();
  }
}

}  // namespace sampleproc::process
