#include "consumer/webhook_target.h"

#include <string>
#include <utility>

#include "net/url.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;

// Of an answer, which nobody reads.
constexpr std::size_t kMostAnswerBytes = 1U << 20;

bool MayChange(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

Result<SinkTarget::Settled> WebhookTarget::Deliver(std::span<const ResultRecord* const> records,
                                                   const base::Allowance& allowance) {
  Settled settled;
  for (const ResultRecord* record : records) {
    const auto status = Post(*record, allowance);
    if (!status) {
      if (settled.delivered + settled.refused > 0) break;
      return std::unexpected(status.error());
    }
    const bool delivered = *status >= 200 && *status < 300;
    if (!delivered) Refused(*record, *status);
    if (delivered) said_refused_ = false;
    ++(delivered ? settled.delivered : settled.refused);
  }
  return settled;
}

Result<int> WebhookTarget::Post(const ResultRecord& record, const base::Allowance& allowance) {
  auto answer = client_.Ask({.method = "POST",
                             .target = client_.url().target,
                             .fields = {{"User-Agent", "sampleproc"},
                                        {"Content-Type", "application/json"},
                                        {"Idempotency-Key", net::PercentEncoded(record.frame_id)}},
                             .body = record.json},
                            kMostAnswerBytes, allowance);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (!MayChange(answer->status)) return answer->status;
  base::Error error = base::Fail(ErrorCode::kUnavailable,
                                 "the webhook answers with " + std::to_string(answer->status))
                          .error();
  error.retry_after = answer->retry_after;
  return std::unexpected(std::move(error));
}

void WebhookTarget::Refused(const ResultRecord& record, int status) {
  if (std::exchange(said_refused_, true)) return;
  log_.Error("sink: the webhook does not want a result",
             {{"sink", name()},
              {"frame_id", std::string_view(record.frame_id)},
              {"status", std::int64_t{status}}});
}

}  // namespace sampleproc::consumer
