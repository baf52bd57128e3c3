#include "consumer/message_traces.h"

#include <charconv>
#include <cstdint>
#include <exception>

namespace sampleproc::consumer {
namespace {

std::optional<base::TraceContext> SendersTrace(const FrameEntry& entry) {
  return base::ParseTrace(entry.traceparent, entry.tracestate);
}

std::string_view NameOfEnding(Ending ending) {
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

// `server` is "host:port", "[address]:port", "host" at its protocol's own port, or the path of a
// socket.
void SetServer(std::string_view server, base::Span& span) noexcept {
  const std::size_t colon = server.rfind(':');
  const bool has_port = !server.starts_with('/') && colon != server.npos && !server.ends_with(']');
  std::string_view host = server.substr(0, has_port ? colon : server.npos);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  span.Set("server.address", host);
  std::int64_t port = 0;
  if (!has_port) return;
  const std::string_view digits = server.substr(colon + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (port > 0) span.Set("server.port", port);
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
  SetServer(origin_.server, span);
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
  // "files" are of no server; one that is refused unseen has none.
  if (place.kind != PixelPlace::Kind::kFile && !place.host.empty()) {
    SetServer(std::string_view(place.host).substr(0, place.host.find(' ')), span);
  }
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
