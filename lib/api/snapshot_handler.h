// GET /events/{event_id}/snapshot.jpg: the picture of an event.
#pragma once

#include "codec/options.h"
#include "history/snapshots.h"
#include "http/router.h"
#include "resources/memory_budget.h"

namespace sampleproc::api {

// The references must outlive the handler, and so must what `snapshots` points at; the rest is the
// handler's own.
struct SnapshotContext {
  history::Snapshots* snapshots;  // null: none are kept
  resources::MemoryBudget& budget;
  codec::Options codec = {};
};

// The best picture of the event so far, the frame's own JPEG where it came as one; with annotate=1
// the box is drawn on it, with crop=1 there is only what is around the box. Both have the pixels of
// the frame. Its ETag changes with the picture and differs from view to view; Last-Modified is when
// it came. 404 says why there is none, 503 why it cannot be read.
http::Handler MakeSnapshotHandler(const SnapshotContext& context);

}  // namespace sampleproc::api
