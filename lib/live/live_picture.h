// A picture of a camera on its way through a worker, and the span of that way.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/span.h"
#include "cameras/picture_source.h"
#include "frame/camera.h"
#include "frame/frame.h"
#include "live/standing.h"
#include "net/url.h"
#include "resources/memory_budget.h"
#include "telemetry/tracer.h"

namespace sampleproc::live {

// It waits for a worker, or is with one.
struct LivePicture {
  std::shared_ptr<resources::MemoryBudget> memory;  // the shot's is from it
  frame::Frame frame;
  cameras::Shot shot;
  std::string timestamp;
  base::MonoTime taken{};
  frame::LookPacer::Time came_at{};  // as its camera's fps counts it
  Standing::Connection connection = 0;
  std::chrono::nanoseconds decode{0};  // the CPU time that the reader took to decode it; 0: none
  base::Span span;                     // "watch": from its coming until nobody is at it any more
};

// Where a camera with this URL is; nothing of a file.
std::optional<net::Url> PlaceOf(const std::string& url);

// Begins `picture.span`, a trace of its own, when the picture came; under it "decode", where the
// reader has decoded it. `tracer` null: nothing.
void BeginSpan(const telemetry::Tracer* tracer, const std::string& camera_id,
               const std::optional<net::Url>& place, base::MonoTime now, LivePicture& picture);

// How it ended; `reason` is "" where `outcome` says it all.
void EndSpan(std::string_view outcome, std::string_view reason, LivePicture& picture) noexcept;

}  // namespace sampleproc::live
