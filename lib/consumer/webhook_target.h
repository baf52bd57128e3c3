// Results as requests to somebody's endpoint.
#pragma once

#include "consumer/sink_queue.h"
#include "net/http_client.h"

namespace sampleproc::consumer {

// POSTs each record, one after the other, as application/json to the client's URL, with the frame's
// id as Idempotency-Key: a request whose answer was lost is sent again. 2xx is delivered. 408, 425,
// 429 and 5xx are tried again, after Retry-After where that is said; any other status, redirects
// among them, refuses the record. What takes long is delivered in pieces, so that what has arrived
// counts as delivered.
class WebhookTarget final : public SinkTarget {
 public:
  // The client must outlive it.
  explicit WebhookTarget(net::HttpClient& client) : client_(client) {}

  std::string_view name() const override { return "webhook"; }
  // Fails as net::HttpClient::Ask does, with kUnavailable for a status that is tried again.
  base::Result<Settled> Deliver(std::span<const ResultRecord* const> records,
                                const base::Allowance& allowance) override;

 private:
  base::Result<int> Post(const ResultRecord& record, const base::Allowance& allowance);

  net::HttpClient& client_;
};

}  // namespace sampleproc::consumer
