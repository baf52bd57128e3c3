// The spans of messages: received, processed, settled, by the conventions of OpenTelemetry for
// messaging systems.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/span.h"
#include "consumer/frame_source.h"
#include "consumer/pixels/pixels.h"
#include "telemetry/tracer.h"

namespace sampleproc::consumer {

// What the messages come from, as spans tell it.
struct MessageOrigin {
  std::string system;       // "redis", "frame_buffer"
  std::string destination;  // the stream
  std::string group;        // "" = there are none
  std::string server;       // "redis:6379"; without credentials
};

// Thread-safe. Without memory there is a span less.
class MessageTraces {
 public:
  // `tracer` must outlive all spans; null: nothing is recorded.
  MessageTraces(const telemetry::Tracer* tracer, MessageOrigin origin)
      : tracer_(tracer), origin_(std::move(origin)) {}

  // A pull that brought these: a trace of its own, linked with those of the messages. Each delivery
  // is told, so that its processing is linked with the pull.
  void Received(std::span<Delivery> deliveries, base::MonoTime since) const noexcept;

  // From a frame's pull to its settlement: of the trace that its sender named, or a new one.
  base::Span Process(const Delivery& delivery) const noexcept;

  // What became of it on its way to the source.
  base::Span Settle(const base::SpanParent& process) const noexcept;

 private:
  std::string NameOf(std::string_view operation) const;
  void Describe(std::string_view operation, base::Span& span) const noexcept;

  const telemetry::Tracer* const tracer_;
  const MessageOrigin origin_;
};

// What goes along with results about the frame: its span's context, or what its sender said.
std::string TraceparentOf(const base::Span& process, const std::string& senders);

// The wait for a frame's pixels. A key of Redis is asked for by one command; a URL has a span of
// the client's below this one.
base::Span FetchSpan(const PixelPlace& place, const base::SpanParent& trace) noexcept;

// How a frame ended, on its span.
void TellEnding(Ending ending, std::string_view reason, bool ours, base::Span& process) noexcept;

}  // namespace sampleproc::consumer
