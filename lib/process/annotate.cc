#include "process/annotate.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "codec/jpeg_encoder.h"
#include "process/bitmap_font.h"

namespace sampleproc::process {
namespace {

constexpr int kQuality = 90;
constexpr std::size_t kLongestLabel = 32;

struct Colour {
  std::uint8_t blue;
  std::uint8_t green;
  std::uint8_t red;
};

constexpr Colour kBlack = {0, 0, 0};

// Bright enough that black text can be read on each.
Colour ColourOf(std::string_view class_name) {
  if (class_name == "face") return {80, 220, 255};
  if (class_name == "person") return {90, 230, 90};
  if (class_name == "motion") return {255, 170, 70};
  return {230, 130, 255};
}

// Draws on BGR pixels; whatever lies outside of the picture is left out.
class Canvas {
 public:
  Canvas(std::uint8_t* pixels, const frame::Image& image)
      : pixels_(pixels), width_(image.width), height_(image.height), stride_(image.stride) {}

  void Fill(const frame::Bbox& box, Colour colour) {
    const int x1 = std::clamp(box.x1, 0, width_);
    const int x2 = std::clamp(box.x2, 0, width_);
    const int y1 = std::clamp(box.y1, 0, height_);
    const int y2 = std::clamp(box.y2, 0, height_);
    for (int y = y1; y < y2; ++y) {
      std::uint8_t* pixel =
          pixels_ + static_cast<std::size_t>(y) * stride_ + 3 * static_cast<std::size_t>(x1);
      for (int x = x1; x < x2; ++x) {
        *pixel++ = colour.blue;
        *pixel++ = colour.green;
        *pixel++ = colour.red;
      }
    }
  }

  // The outline lies inside the box.
  void Outline(const frame::Bbox& b, int thickness, Colour colour) {
    Fill({b.x1, b.y1, b.x2, std::min(b.y1 + thickness, b.y2)}, colour);
    Fill({b.x1, std::max(b.y2 - thickness, b.y1), b.x2, b.y2}, colour);
    Fill({b.x1, b.y1, std::min(b.x1 + thickness, b.x2), b.y2}, colour);
    Fill({std::max(b.x2 - thickness, b.x1), b.y1, b.x2, b.y2}, colour);
  }

  void Text(int left, int top, int scale, std::string_view text, Colour colour) {
    for (const char c : text) {
      const Glyph glyph = GlyphOf(c);
      for (int y = 0; y < kGlyphHeight; ++y) {
        for (int x = 0; x < kGlyphWidth; ++x) {
          if ((glyph[static_cast<std::size_t>(y)] >> (kGlyphWidth - 1 - x) & 1) == 0) continue;
          const int px = left + x * scale;
          const int py = top + y * scale;
          Fill({px, py, px + scale, py + scale}, colour);
        }
      }
      left += (kGlyphWidth + 1) * scale;
    }
  }

 private:
  std::uint8_t* const pixels_;
  const int width_;
  const int height_;
  const std::size_t stride_;
};

std::string LabelOf(const frame::Detection& detection) {
  char confidence[16];
  std::snprintf(confidence, sizeof confidence, " %.2f", std::clamp(detection.confidence, 0.0, 1.0));
  return detection.class_name.substr(0, kLongestLabel) + confidence;
}

// How large things are drawn on a picture of this size.
struct Pen {
  explicit Pen(const frame::Image& image) {
    const int longer = std::max(image.width, image.height);
    thickness = std::max(1, longer / 320);
    scale = std::max(1, (longer + 60) / 350);
  }
  int thickness;
  int scale;  // picture pixels for each of a letter
};

struct Label {
  std::string text;
  int scale = 1;
  frame::Bbox box;
};

int WidthOf(std::size_t letters, int scale) {
  return (static_cast<int>(letters) * (kGlyphWidth + 1) + 1) * scale;
}

bool Overlap(const frame::Bbox& a, const frame::Bbox& b) {
  return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2;
}

// A label that fits the picture: with smaller letters, else with fewer. It sits on the box's upper
// edge, else below that, below the box or above its lower edge: the first place that lies inside
// the picture and hides no label of `others`, else the first inside.
Label Place(const frame::Image& image, const frame::Detection& detection, int scale,
            const std::vector<Label>& others) {
  Label label{LabelOf(detection), scale, {}};
  const auto height = [&label] { return (kGlyphHeight + 2) * label.scale; };
  while (label.scale > 1 &&
         (WidthOf(label.text.size(), label.scale) > image.width || height() > image.height)) {
    --label.scale;
  }
  while (label.text.size() > 1 && WidthOf(label.text.size(), label.scale) > image.width) {
    label.text.pop_back();
  }
  const int width = WidthOf(label.text.size(), label.scale);
  const int left = std::clamp(detection.bbox.x1, 0, std::max(0, image.width - width));
  const int lowest = std::max(0, image.height - height());
  const frame::Bbox& box = detection.bbox;
  bool placed = false;
  for (const int top : {box.y1 - height(), box.y1, box.y2, box.y2 - height()}) {
    if (top < 0 || top > lowest) continue;
    const frame::Bbox here{left, top, left + width, top + height()};
    const bool is_free = std::ranges::none_of(
        others, [&here](const Label& other) { return Overlap(here, other.box); });
    if (!placed || is_free) label.box = here;
    placed = true;
    if (is_free) return label;
  }
  if (!placed) {
    const int top = std::clamp(box.y1, 0, lowest);
    label.box = {left, top, left + width, top + height()};
  }
  return label;
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
    Label label = Place(image, detection, pen.scale, labels);
    canvas.Fill(label.box, ColourOf(detection.class_name));
    canvas.Text(label.box.x1 + label.scale, label.box.y1 + label.scale, label.scale, label.text,
                kBlack);
    labels.push_back(std::move(label));
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
