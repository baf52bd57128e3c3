// An event's picture as it is looked at: with its box, or cut out.
#pragma once

#include "base/bytes.h"
#include "base/deadline.h"
#include "base/error.h"
#include "codec/options.h"
#include "frame/detection.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

struct SnapshotView {
  bool annotate = false;  // the box is drawn, with its class and how sure it is
  bool crop = false;      // only the box, and a quarter of its size around it

  bool AsItIs() const { return !annotate && !crop; }
};

// The JPEG decoded, drawn on, cut and encoded again, at quality 90; `detection` is in its pixels
// once it is turned the right way up. Fails as codec::Decode and codec::EncodeJpeg fail. Any
// thread.
base::Result<base::ByteBuffer> ViewOf(base::ByteView jpeg, const frame::Detection& detection,
                                      const SnapshotView& view, const codec::Options& options,
                                      const base::Allowance& allowance,
                                      resources::MemoryBudget& budget);

}  // namespace sampleproc::process
