#include "process/canvas.h"

#include <utility>

#include "process/bitmap_font.h"

namespace sampleproc::process {
namespace {

int WidthOf(std::size_t letters, int scale) {
  return (static_cast<int>(letters) * (kGlyphWidth + 1) + 1) * scale;
}

bool Overlap(const frame::Bbox& a, const frame::Bbox& b) {
  return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2;
}

}  // namespace

void Canvas::Fill(const frame::Bbox& box, Colour colour) {
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

void Canvas::Outline(const frame::Bbox& box, int thickness, Colour colour) {
  Fill({box.x1, box.y1, box.x2, std::min(box.y1 + thickness, box.y2)}, colour);
  Fill({box.x1, std::max(box.y2 - thickness, box.y1), box.x2, box.y2}, colour);
  Fill({box.x1, box.y1, std::min(box.x1 + thickness, box.x2), box.y2}, colour);
  Fill({std::max(box.x2 - thickness, box.x1), box.y1, box.x2, box.y2}, colour);
}

void Canvas::DashedOutline(const frame::Bbox& box, int thickness, int dash, Colour colour,
                           Colour gap) {
  Outline(box, thickness, gap);
  // What lies outside is not drawn, however large the box is.
  const frame::Bbox seen{std::max(box.x1, -2 * dash), std::max(box.y1, -2 * dash),
                         std::min(box.x2, width_ + 2 * dash), std::min(box.y2, height_ + 2 * dash)};
  for (int x = seen.x1; x < seen.x2; x += 2 * dash) {
    const int end = std::min(x + dash, seen.x2);
    Fill({x, box.y1, end, std::min(box.y1 + thickness, box.y2)}, colour);
    Fill({x, std::max(box.y2 - thickness, box.y1), end, box.y2}, colour);
  }
  for (int y = seen.y1; y < seen.y2; y += 2 * dash) {
    const int end = std::min(y + dash, seen.y2);
    Fill({box.x1, y, std::min(box.x1 + thickness, box.x2), end}, colour);
    Fill({std::max(box.x2 - thickness, box.x1), y, box.x2, end}, colour);
  }
}

void Canvas::Text(int left, int top, int scale, std::string_view text, Colour colour) {
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

Label PlaceLabel(const frame::Image& image, const frame::Bbox& box, std::string text, int scale,
                 const std::vector<Label>& others, bool below) {
  Label label{std::move(text), scale, {}};
  const auto height = [&label] { return (kGlyphHeight + 2) * label.scale; };
  while (label.scale > 1 &&
         (WidthOf(label.text.size(), label.scale) > image.width || height() > image.height)) {
    --label.scale;
  }
  while (label.text.size() > 1 && WidthOf(label.text.size(), label.scale) > image.width) {
    label.text.pop_back();
  }
  const int width = WidthOf(label.text.size(), label.scale);
  const int left = std::clamp(box.x1, 0, std::max(0, image.width - width));
  const int lowest = std::max(0, image.height - height());
  bool placed = false;
  const int above_it = box.y1 - height();
  const int first = below ? box.y2 : above_it;
  const int opposite = below ? above_it : box.y2;
  for (const int top : {first, box.y1, opposite, box.y2 - height()}) {
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

void DrawLabel(const Label& label, Colour colour, Canvas& canvas) {
  canvas.Fill(label.box, colour);
  canvas.Text(label.box.x1 + label.scale, label.box.y1 + label.scale, label.scale, label.text,
              kBlack);
}

}  // namespace sampleproc::process
