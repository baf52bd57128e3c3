#include "process/box_marks.h"

#include <algorithm>
#include <cstddef>
#include <new>

#include "base/out_of_memory.h"
#include "codec/decoder.h"
#include "codec/jpeg_encoder.h"
#include "process/canvas.h"
#include "process/still.h"

namespace sampleproc::process {
namespace {

constexpr int kMarkQuality = 80;
constexpr std::size_t kLongestMark = 40;
constexpr int kDash = 3;  // of a line's width

// Bright enough that black text can be read on each.
Colour ColourOf(Mark mark) {
  switch (mark) {
    case Mark::kBefore:
      return {0, 159, 230};
    case Mark::kNow:
      return {233, 180, 86};
    case Mark::kBoth:
      break;
  }
  return {205, 205, 205};
}

frame::Bbox Grown(const frame::Bbox& box, int by) {
  return {box.x1 - by, box.y1 - by, box.x2 + by, box.y2 + by};
}

// Records may say whatever they like: far outside is as good as a little outside.
frame::Bbox Near(const frame::Bbox& box, const frame::Image& image) {
  const auto x = [&](int at) { return std::clamp(at, -image.width, 2 * image.width); };
  const auto y = [&](int at) { return std::clamp(at, -image.height, 2 * image.height); };
  return {x(box.x1), y(box.y1), x(box.x2), y(box.y2)};
}

// With a dark edge on both sides, so that it is seen on anything.
void DrawBox(const frame::Bbox& box, Mark mark, int thickness, Canvas& canvas) {
  const Colour colour = ColourOf(mark);
  switch (mark) {
    case Mark::kBefore:
      canvas.DashedOutline(box, 2 * thickness, kDash * thickness, colour, kBlack);
      return;
    case Mark::kNow:
      canvas.Outline(Grown(box, 3 * thickness), thickness, kBlack);
      canvas.Outline(Grown(box, 2 * thickness), 2 * thickness, colour);
      return;
    case Mark::kBoth:
      canvas.Outline(box, thickness, colour);
      return;
  }
}

}  // namespace

std::string_view MarkName(Mark mark) {
  switch (mark) {
    case Mark::kBefore:
      return "before";
    case Mark::kNow:
      return "now";
    case Mark::kBoth:
      break;
  }
  return "both";
}

void DrawMarks(std::uint8_t* pixels, const frame::Image& image,
               const std::vector<MarkedBox>& boxes) {
  Canvas canvas(pixels, image);
  const Pen pen(image);
  constexpr Mark kOrder[] = {Mark::kBoth, Mark::kNow, Mark::kBefore};
  for (const Mark mark : kOrder) {
    for (const MarkedBox& each : boxes) {
      if (each.mark == mark) DrawBox(Near(each.box, image), mark, pen.thickness, canvas);
    }
  }
  // The labels of what differs find their places first, and are drawn last.
  std::vector<Label> labels;
  std::vector<Mark> marks;
  for (const Mark mark : {Mark::kNow, Mark::kBefore, Mark::kBoth}) {
    for (const MarkedBox& each : boxes) {
      if (each.mark != mark) continue;
      const std::string text =
          std::string(MarkName(mark)) + " " + each.label.substr(0, kLongestMark);
      // Clear of the line of this run, which another box of the same place may have.
      const int grown = mark == Mark::kBoth ? 0 : 3 * pen.thickness;
      labels.push_back(PlaceLabel(image, Grown(Near(each.box, image), grown), text, pen.scale,
                                  labels, mark == Mark::kBefore));
      marks.push_back(mark);
    }
  }
  for (std::size_t i = labels.size(); i-- > 0;) DrawLabel(labels[i], ColourOf(marks[i]), canvas);
}

base::Result<base::ByteBuffer> MarkedJpeg(base::ByteView jpeg, int width, int height,
                                          const std::vector<MarkedBox>& boxes,
                                          const codec::Options& options,
                                          const base::Allowance& allowance,
                                          resources::MemoryBudget& budget) {
  try {
    codec::Scratch scratch;
    const auto decoded =
        codec::Decode({jpeg}, frame::PixelFormat::kBgr24, options, allowance, budget, scratch);
    if (!decoded) return std::unexpected(decoded.error());
    const frame::Image& image = decoded->image;
    std::vector<MarkedBox> scaled = boxes;
    for (MarkedBox& each : scaled) {
      each.box = ScaledBox(each.box, width, height, image.width, image.height);
    }
    DrawMarks(scratch.Pixels(), image, scaled);
    return codec::EncodeJpeg(image, kMarkQuality);
  } catch (const std::bad_alloc&) {
    return base::OutOfMemory();
  }
}

}  // namespace sampleproc::process
