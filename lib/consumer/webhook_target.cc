#include "consumer/webhook_target.h"

#include <chrono>
#include <string>
#include <utility>

#include "net/url.h"

namespace sampleproc::consumer {
namespace {

using base::ErrorCode;
using base::Result;

// Of an answer, which nobody reads.
constexpr std::size_t kMostAnswerBytes = 1U << 20;
// After which no further record of a batch is sent.
constexpr std::chrono::milliseconds kLongestBatch{500};

bool MayChange(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

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
    if (*status >= 200 && *status < 300) {
      ++settled.delivered;
    } else {
      ++settled.refused;
      settled.refusal =
          "the webhook answered with " + std::to_string(*status) + " to frame " + record->frame_id;
    }
    if (piece.Expired()) break;
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

}  // namespace sampleproc::consumer
