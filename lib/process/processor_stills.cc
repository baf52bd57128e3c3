// Pictures for those who look at a camera, made of its frames.
#include <new>
#include <utility>

#include "cameras/stills.h"
#include "process/processor.h"
#include "process/still.h"

namespace sampleproc::process {

// In colour where that can be had: what the steps have decoded, else anew, at half of its size or
// less where that is enough.
base::Result<frame::Image> Processor::SmallPicture(const frame::Frame& frame, Picture& picture,
                                                   resources::MemoryBudget& own,
                                                   const base::Allowance& allowance,
                                                   resources::Reservation& memory) {
  if (picture.HasBgr()) return picture.Bgr();
  if (frame.encoded.empty()) {  // the door has decoded it
    auto colour = picture.Bgr();
    return colour ? colour : picture.luma();
  }
  auto colour = codec::Decode({frame.encoded, frame.raw}, {frame::PixelFormat::kBgr24, kStillSide},
                              context_.codec, allowance, own, colour_scratch_,
                              context_.options.budget_patience);
  if (!colour) return std::unexpected(colour.error());
  memory = std::move(colour->reservation);
  return colour->image;
}

// A frame never fails by it.
void Processor::GiveStills(const frame::Frame& frame, Picture& picture,
                           const frame::FrameResult& result, resources::MemoryBudget& own,
                           const base::Allowance& allowance) {
  if (context_.stills == nullptr || !context_.stills->AnyWanted() || !frame.camera_id) return;
  const cameras::Stills::Wants wants = context_.stills->WantedOf(*frame.camera_id);
  if (!wants.Any()) return;
  const base::Span span = allowance.trace.Begin("picture for viewers");
  try {
    resources::Reservation memory;
    const auto small = SmallPicture(frame, picture, own, allowance, memory);
    if (!small) return context_.stills->GiveUp(*frame.camera_id);
    const auto work = own.TryReserve(StillBytes(*small), "a camera's picture");
    if (!work) return context_.stills->GiveUp(*frame.camera_id);
    auto made = MakeStills(*small, result, wants.plain, wants.annotated);
    if (!made) return context_.stills->GiveUp(*frame.camera_id);
    if (made->plain) context_.stills->Put(*frame.camera_id, false, *std::move(made->plain));
    if (made->annotated) context_.stills->Put(*frame.camera_id, true, *std::move(made->annotated));
  } catch (const std::bad_alloc&) {
    // Who waits tries it with the next frame.
  }
}

}  // namespace sampleproc::process
