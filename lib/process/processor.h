// The corridor: what happens to a frame between a door and its result, the same for every door.
#pragma once

#include <chrono>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/error.h"
#include "codec/decoder.h"
#include "codec/options.h"
#include "frame/frame.h"
#include "frame/frame_result.h"
#include "process/options.h"
#include "process/pipeline.h"
#include "resources/heavy_lane.h"
#include "resources/memory_budget.h"

namespace sampleproc::process {

// What all processors of a service share; the references must outlive them.
struct ProcessorContext {
  const Options& options;
  const codec::Options& codec;
  resources::MemoryBudget& budget;
  const base::Clock& clock;
  resources::HeavyLane* heavy = nullptr;  // for frames over process.heavy_pixels; null: no order
};

// Owned and used by one thread: it holds that thread's pixel memory and step objects.
class Processor {
 public:
  // Fails with kConfig when the pipeline cannot be made.
  static base::Result<Processor> Make(const ProcessorContext& context);

  // Decode -> steps -> threshold. A frame over `options.heavy_pixels` holds the heavy lane from the
  // moment its header is known to the end, and waits for it at most `options.heavy_patience`. The
  // frame may stay in work for the shorter of the allowance and `options.deadline`. Fails as
  // codec::Decode and the steps fail. Out of memory is kOverloaded; any other exception of a
  // library below is kInternal. `frame` must have an id.
  base::Result<frame::FrameResult> Process(const frame::Frame& frame,
                                           const base::Allowance& allowance);

  // The frame with the result's boxes drawn on it, as a JPEG. Fails likewise.
  base::Result<base::ByteBuffer> Annotate(const frame::Frame& frame,
                                          const frame::FrameResult& result,
                                          const base::Allowance& allowance);

 private:
  Processor(const ProcessorContext& context, Pipeline pipeline)
      : context_(context), pipeline_(std::move(pipeline)) {}

  base::Result<frame::FrameResult> ProcessUnguarded(const frame::Frame& frame,
                                                    const base::Allowance& allowance);

  ProcessorContext context_;
  Pipeline pipeline_;
  codec::Scratch scratch_;
};

}  // namespace sampleproc::process
