// Boxes and labels on a picture's own pixels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frame/detection.h"
#include "frame/image.h"

namespace sampleproc::process {

struct Colour {
  std::uint8_t blue;
  std::uint8_t green;
  std::uint8_t red;
};

constexpr Colour kBlack = {0, 0, 0};

// Draws on BGR pixels, which begin at `pixels`; whatever lies outside of the picture is left out.
// Used by one thread.
class Canvas {
 public:
  Canvas(std::uint8_t* pixels, const frame::Image& image)
      : pixels_(pixels), width_(image.width), height_(image.height), stride_(image.stride) {}

  void Fill(const frame::Bbox& box, Colour colour);

  // The outline lies inside the box.
  void Outline(const frame::Bbox& box, int thickness, Colour colour);

  // The same in dashes, each `dash` long, and gaps of `gap` as long between them.
  void DashedOutline(const frame::Bbox& box, int thickness, int dash, Colour colour, Colour gap);

  void Text(int left, int top, int scale, std::string_view text, Colour colour);

 private:
  std::uint8_t* const pixels_;
  const int width_;
  const int height_;
  const std::size_t stride_;
};

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

// A label that fits the picture: with smaller letters, else with fewer. It sits on the upper edge
// of `box`, else below that, below the box or above its lower edge: the first place that lies
// inside the picture and hides no label of `others`, else the first inside.
// With `below` it is below the box rather than above.
Label PlaceLabel(const frame::Image& image, const frame::Bbox& box, std::string text, int scale,
                 const std::vector<Label>& others, bool below = false);

// Draws it in black on `colour`.
void DrawLabel(const Label& label, Colour colour, Canvas& canvas);

}  // namespace sampleproc::process
