#include "consumer/sinks/webhook_target.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "net/redact.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;

// Of an answer's body, which is only read so that the connection can be used again.
constexpr std::size_t kReadAwayBytes = 64U << 10;
// After which no further record of a batch is sent.
constexpr std::chrono::milliseconds kLongestBatch{500};

// What a status that is about us means: completes "the webhook answers with 401".
std::string_view MeaningOf(int status) {
  if (status == 401 || status == 403 || status == 407) {
    return ": it lets nobody in without the right credentials (consumer.webhook.url)";
  }
  if (status == 404 || status == 405 || status == 410) {
    return ": it takes no results there; set consumer.webhook.url to where it does";
  }
  if (status >= 300 && status < 400) {
    return ": a redirect, which is not followed; set consumer.webhook.url to where it leads";
  }
  return "";
}

}  // namespace

WebhookVerdict VerdictOfWebhook(int status) {
  if (status >= 200 && status < 300) return WebhookVerdict::kDelivered;
  for (const int judged : {400, 409, 413, 415, 422, 431}) {
    if (status == judged) return WebhookVerdict::kRefused;
  }
  return WebhookVerdict::kWait;
}

std::string WebhookTarget::place() const {
  // Who knows the path may post there.
  const net::Url& url = client_.url();
  return url.Origin() + (url.target == "/" ? "/" : "/***");
}

Result<SinkTarget::Settled> WebhookTarget::Deliver(std::span<const ResultRecord* const> records,
                                                   const base::Allowance& allowance) {
  Settled settled;
  const base::Deadline piece(base::SystemClock(), kLongestBatch);
  for (const ResultRecord* record : records) {
    const auto status = Post(*record, allowance);
    if (!status) {
      if (settled.delivered + settled.refused > 0) break;
      return std::unexpected(status.error());
    }
    if (VerdictOfWebhook(*status) == WebhookVerdict::kDelivered) {
      ++settled.delivered;
    } else {
      ++settled.refused;
      settled.last_refused = record;
      settled.refusal =
          "the webhook answered with " + std::to_string(*status) + " to " +
          (record->is_event() ? "event " + record->event_key : "frame " + record->frame_id);
    }
    if (piece.Expired()) break;
  }
  return settled;
}

Result<int> WebhookTarget::Post(const ResultRecord& record, const base::Allowance& allowance) {
  const std::string& key = record.is_event() ? record.event_key : record.frame_id;
  net::HttpRequest request{.method = "POST",
                           .target = client_.url().target,
                           .fields = {{"User-Agent", "sampleproc"},
                                      {"Content-Type", "application/json"},
                                      {"Idempotency-Key", base::PercentEncoded(key)}},
                           .body = record.json,
                           .status_only = true,
                           .secret_path = true};
  base::Span span;
  if (tracer_ != nullptr) {
    span = tracer_->Begin("deliver webhook", base::SpanKind::kInternal,
                          base::ParseTrace(record.traceparent, record.tracestate));
    if (span.recorded()) span.Set("sampleproc.frame.id", net::ShownId(record.frame_id));
  } else if (!record.traceparent.empty()) {
    request.fields.emplace_back("traceparent", record.traceparent);
    if (!record.tracestate.empty()) request.fields.emplace_back("tracestate", record.tracestate);
  }
  auto answer = client_.Ask(request, kReadAwayBytes, allowance.Under(span));
  if (!answer) span.Fail(answer.error());
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (VerdictOfWebhook(answer->status) != WebhookVerdict::kWait) return answer->status;
  std::string reason = "the webhook answers with " + std::to_string(answer->status);
  reason += MeaningOf(answer->status);
  base::Error error = base::Fail(ErrorCode::kUnavailable, std::move(reason)).error();
  error.retry_after = answer->retry_after;
  return std::unexpected(std::move(error));
}

}  // namespace sampleproc::consumer
