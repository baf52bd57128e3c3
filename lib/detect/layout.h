// How the networks that we know want their picture and what their outputs mean. Each is a file of
// layouts/; nothing else knows a network's ways.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "detect/tensor.h"

namespace sampleproc::detect {

// How a picture becomes a network's input.
struct InputSpec {
  enum class Order { kBgr, kRgb };
  enum class Fit {
    kStretch,  // to the input's sides, whatever its own
    kTopLeft,  // as large as fits with its own proportions, `fill` to the right and below
    kCentre,   // likewise, `fill` on both sides
  };
  Order order = Order::kBgr;
  Fit fit = Fit::kStretch;
  // Of each channel, in the order above: input = (pixel - mean) * scale, pixel and fill 0..255.
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> scale = {1, 1, 1};
  float fill = 114;
};

// A network as it looks from outside.
struct NetworkFacts {
  int width = 0;  // of its input, pixels
  int height = 0;
  std::vector<OutputFacts> outputs;  // in the model's order
};

// A box that a network reports, in pixels of its input.
struct Candidate {
  float x1;
  float y1;
  float x2;
  float y2;
  int class_index;
  float score;  // 0..1
};

// One network's layout. Immutable; any thread.
class Layout {
 public:
  virtual ~Layout() = default;

  virtual const InputSpec& Input() const = 0;
  virtual int Classes() const = 0;
  // Layouts that look for one kind of thing name it; "" leaves that to the labels.
  virtual std::string_view OnlyClass() const { return {}; }
  // Whether one thing may have several candidates, so that the surest has to be chosen.
  virtual bool Overlaps() const { return true; }

  // Adds each candidate whose score is `threshold` or more. `outputs` have the facts' shapes, in
  // their order, and no number in them that is none.
  virtual void Decode(std::span<const TensorView> outputs, float threshold,
                      std::vector<Candidate>& candidates) const = 0;
};

// The names that `layout` may have besides "auto".
std::span<const std::string_view> KnownLayouts();

struct ChosenLayout {
  std::string_view name;
  std::unique_ptr<Layout> layout;
};

// The names that a detector has for classes.
struct Labels {
  int count = 0;
  bool named = true;  // false: the default ones, which layouts for one kind of thing do without
};

// The layout `name`, or with "auto" the one that these shapes fit; where several do, the one with
// as many classes as there are labels. Fails with kConfig: the shapes are others than the layout
// has, no layout has them, several have and the labels do not decide, or the layout has another
// number of classes than there are labels.
base::Result<ChosenLayout> MakeLayout(std::string_view name, const NetworkFacts& facts,
                                      const Labels& labels);

}  // namespace sampleproc::detect
