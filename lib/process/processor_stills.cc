// Pictures that are made of frames: for those who look at a camera, and of events.
#include <algorithm>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "cameras/stills.h"
#include "history/clips.h"
#include "history/snapshots.h"
#include "process/processor.h"
#include "process/still.h"

namespace sampleproc::process {
namespace {

// Of pictures of events that do not come as JPEGs.
constexpr int kSnapshotSide = 1920;
constexpr int kSnapshotQuality = 85;
constexpr std::string_view kSnapshotMemory = "an event's picture";

// Of pictures of clips that do not come as JPEGs: some five a second of each camera.
constexpr int kClipSide = 1280;
constexpr int kClipQuality = 80;

}  // namespace

// In colour where that can be had: what the steps have decoded, else anew, at half of its size or
// less where that is enough.
base::Result<frame::Image> Processor::SmallPicture(const frame::Frame& frame, Picture& picture,
                                                   int side, resources::MemoryBudget& own,
                                                   const base::Allowance& allowance,
                                                   resources::Reservation& memory) {
  if (picture.HasBgr()) return picture.Bgr();
  if (frame.encoded.empty()) {  // the door has decoded it
    auto colour = picture.Bgr();
    return colour ? colour : picture.luma();
  }
  auto colour =
      codec::Decode({frame.encoded, frame.raw}, {frame::PixelFormat::kBgr24, side}, context_.codec,
                    allowance, own, colour_scratch_, context_.options.budget_patience);
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
    const auto small = SmallPicture(frame, picture, kStillSide, own, allowance, memory);
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

// The frame as a JPEG: as it came where it came as one, else made once, no larger than is of use;
// the boxes are of that picture then.
base::Result<history::SnapshotPicturePtr> Processor::SnapshotOf(const frame::Frame& frame,
                                                                Picture& picture,
                                                                frame::FrameResult& result,
                                                                resources::MemoryBudget& own,
                                                                const base::Allowance& allowance) {
  auto made = std::make_shared<history::SnapshotPicture>();
  made->camera_id = frame.camera_id.value_or("");
  if (!frame.encoded.empty() && result.format == codec::FormatName(codec::Format::kJpeg)) {
    auto memory = context_.budget.TryReserve(frame.encoded.size(), kSnapshotMemory);
    if (!memory) return std::unexpected(memory.error());
    made->jpeg = base::AsText(frame.encoded);
    made->memory = std::move(*memory);
    return made;
  }
  resources::Reservation memory;
  const auto small = SmallPicture(frame, picture, kSnapshotSide, own, allowance, memory);
  if (!small) return std::unexpected(small.error());
  const auto work = own.TryReserve(StillBytes(*small, kSnapshotSide), kSnapshotMemory);
  if (!work) return std::unexpected(work.error());
  auto jpeg = ShrunkJpeg(*small, kSnapshotSide, kSnapshotQuality);
  if (!jpeg) return std::unexpected(jpeg.error());
  made->jpeg = std::move(*jpeg);
  auto kept = context_.budget.TryReserve(made->jpeg.size(), kSnapshotMemory);
  if (!kept) return std::unexpected(kept.error());
  made->memory = std::move(*kept);
  const auto [width, height] = ShrunkSize(small->width, small->height, kSnapshotSide);
  for (frame::Snapshot& snapshot : result.snapshots) {
    frame::Bbox& box = snapshot.detection.bbox;
    box = ScaledBox(box, result.width, result.height, width, height);
  }
  return made;
}

// Likewise.
void Processor::GiveSnapshots(const frame::Frame& frame, Picture& picture,
                              frame::FrameResult& result, resources::MemoryBudget& own,
                              const base::Allowance& allowance) {
  if (context_.snapshots == nullptr || result.snapshots.empty()) return;
  const base::Span span = allowance.trace.Begin("picture of an event");
  try {
    const auto made = SnapshotOf(frame, picture, result, own, allowance);
    for (frame::Snapshot& snapshot : result.snapshots) {
      if (made) {
        context_.snapshots->Take(std::move(snapshot), *made);
      } else {
        context_.snapshots->Miss(snapshot);
      }
    }
  } catch (const std::bad_alloc&) {
    for (const frame::Snapshot& snapshot : result.snapshots) context_.snapshots->Miss(snapshot);
  }
  result.snapshots.clear();
}

// Only where events are made of what is seen.
bool Processor::KeepsClips(const frame::Frame& frame, const Plan& plan) const {
  return context_.clips != nullptr && frame.camera_id && !frame.in_clips &&
         std::ranges::count(plan.camera->settings().pipeline, "track") > 0;
}

// A JPEG as it came.
void Processor::GiveClipInput(const frame::Frame& frame, const frame::FrameResult& result) const {
  // As it is stored: EXIF's orientations from 5 on are turned by a quarter.
  constexpr int kFirstTurned = 5;
  const bool turned = result.orientation >= kFirstTurned;
  context_.clips->Add({.camera_id = *frame.camera_id,
                       .jpeg = frame.encoded,
                       .width = turned ? result.height : result.width,
                       .height = turned ? result.width : result.height,
                       .taken = SaidTime(frame),
                       .came = ArrivalOf(frame)});
}

// Anything else, encoded once. A frame never fails by it.
void Processor::MakeClipInput(const frame::Frame& frame, Picture& picture,
                              resources::MemoryBudget& own, const base::Allowance& allowance) {
  if (!context_.clips->WantsMade(*frame.camera_id, SaidTime(frame))) return;
  const base::Span span = allowance.trace.Begin("picture for clips");
  try {
    resources::Reservation memory;
    const auto small = SmallPicture(frame, picture, kClipSide, own, allowance, memory);
    if (!small) return context_.clips->Miss();
    const auto work = own.TryReserve(StillBytes(*small, kClipSide), "an event's clip");
    if (!work) return context_.clips->Miss();
    const auto jpeg = ShrunkJpeg(*small, kClipSide, kClipQuality);
    if (!jpeg) return context_.clips->Miss();
    const auto [width, height] = ShrunkSize(small->width, small->height, kClipSide);
    context_.clips->Add({.camera_id = *frame.camera_id,
                         .jpeg = base::AsBytes(*jpeg),
                         .width = width,
                         .height = height,
                         .taken = SaidTime(frame),
                         .came = ArrivalOf(frame)});
  } catch (const std::bad_alloc&) {
    context_.clips->Miss();
  }
}

}  // namespace sampleproc::process
