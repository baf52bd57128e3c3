// Results and events as requests to somebody's endpoint.
#pragma once

#include "consumer/sinks/sink_queue.h"
#include "net/http_client.h"
#include "telemetry/tracer.h"

namespace sampleproc::consumer {

// What an answer's status says.
enum class WebhookVerdict {
  kDelivered,  // 2xx
  kRefused,    // it judges the record: 400, 409, 413, 415, 422, 431
  // All others are about us, the URL, or what stands in front of the webhook (a login, a deploy, a
  // redirect, a limit): any record would be answered so.
  kWait,
};
WebhookVerdict VerdictOfWebhook(int status);

// POSTs each record, one after the other, as application/json to the client's URL, with the frame's
// id as Idempotency-Key, or what an event's message has alone: a request whose answer was lost is
// sent again. kRefused costs the record;
// with kWait it is tried again, after Retry-After where that is said, and so are those behind it.
// Only the status counts, however long the answer is. What takes long is delivered in pieces, so
// that what has arrived counts as delivered.
class WebhookTarget final : public SinkTarget {
 public:
  // Both must outlive it. Each delivery says which trace its frame belongs to, and is a span of
  // that, if there is a tracer.
  explicit WebhookTarget(net::HttpClient& client, const telemetry::Tracer* tracer = nullptr)
      : client_(client), tracer_(tracer) {}

  std::string_view name() const override { return "webhook"; }
  std::string place() const override;
  // Fails as net::HttpClient::Ask does, with kUnavailable for kWait.
  base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                const base::Allowance& allowance) override;

 private:
  base::Result<int> Post(const ResultRecord& record, const base::Allowance& allowance);

  net::HttpClient& client_;
  const telemetry::Tracer* const tracer_;
};

}  // namespace sampleproc::consumer
