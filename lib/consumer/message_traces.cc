#include "consumer/message_traces.h"

#include <cstdint>
#include <exception>

namespace sampleproc::consumer {
namespace {

std::string_view NameOfEnding(Ending ending) {
std::optional<base::TraceContext> SendersTrace(const FrameEntry& entry) {
  return base::ParseTrace(entry.traceparent, entry.tracestate);
}

  switch (ending) {
    case Ending::kDone:
      return "done";
    case Ending::kDropped:
      return "dropped";
    case Ending::kDead:
      return "dead";
    case Ending::kReturned:
      break;
  }
  return "returned";
}

}  // namespace

std::string MessageTraces::NameOf(std::string_view operation) const {
  return std::string(operation) + ' ' + origin_.destination;
}

void MessageTraces::Describe(std::string_view operation, base::Span& span) const noexcept {
  if (!span.recorded()) return;
  span.Set("messaging.system", origin_.system);
  span.Set("messaging.operation.name", operation);
  span.Set("messaging.operation.type", operation);
  span.Set("messaging.destination.name", origin_.destination);
  if (!origin_.group.empty()) span.Set("messaging.consumer.group.name", origin_.group);
  span.Set("server.address", origin_.server);
}

void MessageTraces::Received(std::span<Delivery> deliveries, base::MonoTime since) const noexcept {
  if (tracer_ == nullptr) return;
  try {
    base::Span span =
        tracer_->Begin(NameOf("receive"), base::SpanKind::kClient, std::nullopt, since);
    Describe("receive", span);
    span.Set("messaging.batch.message_count", static_cast<std::int64_t>(deliveries.size()));
    const auto received = span.parent().Context();
    for (Delivery& delivery : deliveries) {
      delivery.received = received;
      if (const auto sender = SendersTrace(delivery.entry)) span.Link(*sender);
    }
  } catch (const std::exception&) {  // no memory
  }
}

base::Span MessageTraces::Process(const Delivery& delivery) const noexcept {
  if (tracer_ == nullptr) return {};
  try {
    base::Span span =
        tracer_->Begin(NameOf("process"), base::SpanKind::kConsumer, SendersTrace(delivery.entry));
    Describe("process", span);
    if (!delivery.message_id.empty()) span.Set("messaging.message.id", delivery.message_id);
    span.Set("sampleproc.deliveries", std::int64_t{delivery.deliveries});
    if (delivery.received) span.Link(*delivery.received);
    return span;
  } catch (const std::exception&) {  // no memory
    return {};
  }
}

base::Span MessageTraces::Settle(const base::SpanParent& process) const noexcept {
  if (!process) return {};
  try {
    base::Span span = process.Begin(NameOf("settle"), base::SpanKind::kClient);
    Describe("settle", span);
    return span;
  } catch (const std::exception&) {  // no memory
    return {};
  }
}

std::string TraceparentOf(const base::Span& process, const std::string& senders) {
  const auto context = process.parent().Context();
  return context ? base::FormatTraceparent(*context) : senders;
}

base::Span FetchSpan(const PixelPlace& place, const base::SpanParent& trace) noexcept {
  const bool is_key = place.kind == PixelPlace::Kind::kRedisKey;
  base::Span span =
      trace.Begin("fetch", is_key ? base::SpanKind::kClient : base::SpanKind::kInternal);
  span.Set("server.address", place.host);
  if (is_key) {
    span.Set("db.system.name", "redis");
    span.Set("db.operation.name", "GET");
  }
  return span;
}

void TellEnding(Ending ending, std::string_view reason, bool ours, base::Span& process) noexcept {
  process.Set("sampleproc.outcome", ours ? NameOfEnding(ending) : "taken_over");
  if (!reason.empty()) process.Set("sampleproc.reason", reason);
  if (ours && ending == Ending::kDead) process.Fail(reason, {});
}

}  // namespace sampleproc::consumer
