// Boxes of two runs on one picture, told apart without colours too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "codec/options.h"
#include "frame/detection.h"
#include "frame/image.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// In which of the runs a box was.
enum class Mark {
  kBefore,  // the earlier one: orange, dashed
  kNow,     // this one: blue, one thick line
  kBoth,    // both: light gray, one thin line
};

std::string_view MarkName(Mark mark);  // "before", "now", "both"

struct MarkedBox {
  frame::Bbox box;
  Mark mark = Mark::kBoth;
  std::string label;  // what stands behind the mark's name: "person 0.61"
};

// Draws the boxes, which are in the pixels of `image` (kBgr24), on these, which begin at `pixels`;
// those of both runs first, the others over them. A box of this run is drawn around its pixels and
// one of the earlier run inside, so that both are seen where they are the same. The colours are
// ones that people with any kind of colour vision tell apart (Okabe and Ito, 2008).
void DrawMarks(std::uint8_t* pixels, const frame::Image& image,
               const std::vector<MarkedBox>& boxes);

// The JPEG decoded, with the boxes drawn, encoded again at quality 80. The boxes are of a picture
// of `width` by `height`, of which this one may be a smaller copy. Fails as codec::Decode and
// codec::EncodeJpeg fail. Any thread.
base::Result<base::ByteBuffer> MarkedJpeg(base::ByteView jpeg, int width, int height,
                                          const std::vector<MarkedBox>& boxes,
                                          const codec::Options& options,
                                          const base::Allowance& allowance,
                                          resources::MemoryBudget& budget);

}  // namespace sampleproc::process
