// A frame that the consumer holds: pulled, and not yet settled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/span.h"
#include "consumer/camera_order.h"
#include "consumer/frame_source.h"
#include "consumer/pixels/camera_paths.h"
#include "consumer/pixels/pixel_hosts.h"
#include "consumer/pixels/pixels.h"
#include "frame/frame.h"
#include "process/batch.h"
#include "process/frame_work.h"
#include "resources/memory_budget.h"

namespace sampleproc::consumer {

// The life of a held frame. Only ever forwards, but for a try that is repeated (kFetching and
// kInWork -> kWaiting) and a place that had no pixels (kFetching -> kWaiting, for the next one).
enum class FrameState {
  kWaiting,   // for a fetch, for its pause to end, or for nothing any more but its next move
  kFetching,  // somebody waits for its pixels
  kReady,     // all is here; it waits for its camera's earlier frames and for a worker
  kQueued,    // with the workers, not begun
  kInWork,    // a worker is at it
  kEnding,    // what became of it is decided, and on its way to source and sinks
};

// Guarded by the dispatcher's lock, except while it is kInWork: then `frame` and `work` are the
// worker's.
struct HeldFrame {
  std::uint64_t number = 0;  // in the order of pulling
  std::uint64_t turn = 0;    // in the order of fetching; of the frame that it replaced
  FrameState state = FrameState::kWaiting;
  base::MonoTime since{};  // when it came to this state
  Delivery delivery;
  frame::CameraPtr camera;                 // how it is looked at; null: as every other frame
  std::chrono::milliseconds max_age{0};    // when it is older it is dropped; 0: never
  base::WallTime taken;                    // see TakenAt; else when it was pulled
  CameraOrder::Place place;                // among its camera's frames
  base::Span span;                         // of all that is done about it
  std::string traceparent;                 // of that, or of what its sender said
  base::Span fetch;                        // while it is kFetching
  std::optional<process::FrameWork> work;  // none for what cannot be worked on
  std::optional<process::BatchPart> part;  // of what was pulled together
  base::CancelFlag cancel;                 // ends its work
  base::CancelFlag fetch_cancel;           // ends its fetch
  resources::Reservation reservation;      // of its bytes
  bool without_memory = false;             // there was no room for a reservation
  bool worked_on = false;                  // a worker has had it
  std::optional<bool> heavy;               // over process.heavy_pixels, once a worker has seen it
  base::MonoTime cpu_since{};              // by its worker's CPU time, once it is in work

  std::vector<PixelPlace> places;     // where its pixels may be
  std::size_t next_place = 0;         // the one that is asked now or next
  std::string fetched;                // what the frame's view looks at when it did not come along
  std::optional<frame::Frame> frame;  // once its pixels are there

  // With Policy::kLatest, so that fetches which take longer than a camera's frames come in come to
  // their end.
  bool fetch_begun = false;                // since its last failure, or it has its pixels by one
  std::chrono::nanoseconds fetch_took{0};  // once they are here
  int renewals = 0;  // fetched frames of the camera that it replaces, in a row

  bool cut = false;              // its fetch is being cut short for another host
  base::MonoTime not_before{};   // a pause after a failed try
  int passing_failures = 0;      // in a row, that were not its fault
  int lives_used = 0;            // failures that may have been its fault
  int starved = 0;               // deadlines that passed for want of CPU time
  int host_failures = 0;         // of fetches at its present place
  CameraPaths::Trials trials;    // the same, as its camera's other frames fare there
  PixelHosts::Score host_score;  // of Redis, when it first refused the frame's key

  // How it ends, once that is decided (kEnding).
  Ending ending = Ending::kReturned;
  std::string_view ending_reason;  // of static lifetime
  std::string record;              // of kDone
  bool left_with_worker = false;   // which may be at it yet, so its memory stays as it is

  std::shared_ptr<HeldFrame> next;  // of a HeldList

  // Somebody gave up or died over it.
  bool suspect() const { return delivery.deliveries > 1; }
  // "" of a frame without one.
  std::string camera_id() const { return delivery.entry.camera_id.value_or(std::string()); }
  // Where its pixels are still to be fetched from; null when they are here, or nowhere.
  const PixelPlace* PlaceToAsk() const {
    return frame || next_place >= places.size() ? nullptr : &places[next_place];
  }
};

using HeldPtr = std::shared_ptr<HeldFrame>;

// Frames in the order in which they were put in. Takes no memory, so that what has to be done about
// a frame can always be noted. A frame is in one list at a time.
class HeldList {
 public:
  HeldList() = default;
  HeldList(HeldList&&) noexcept = default;
  HeldList& operator=(HeldList&&) = delete;
  ~HeldList() {
    while (Pop()) {
    }
  }

  bool empty() const { return first_ == nullptr; }
  void Push(HeldPtr frame) {
    HeldPtr& end = first_ ? last_->next : first_;
    last_ = frame.get();
    end = std::move(frame);
  }
  // The first one, taken out; null when there is none.
  HeldPtr Pop() {
    HeldPtr frame = std::move(first_);
    if (frame) first_ = std::move(frame->next);
    return frame;
  }

 private:
  HeldPtr first_;
  HeldFrame* last_ = nullptr;  // of those behind first_, valid while there is one
};

}  // namespace sampleproc::consumer
