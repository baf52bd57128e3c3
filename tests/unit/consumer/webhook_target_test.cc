#include "consumer/sinks/webhook_target.h"

#include <catch2/catch.hpp>
#include <set>

namespace sampleproc::consumer {
namespace {

TEST_CASE("only statuses that judge a record refuse it, all others are waited out") {
  const std::set<int> judging{400, 409, 413, 415, 422, 431};
  for (int status = 200; status < 600; ++status) {
    CAPTURE(status);
    const WebhookVerdict expected = status < 300               ? WebhookVerdict::kDelivered
                                    : judging.contains(status) ? WebhookVerdict::kRefused
                                                               : WebhookVerdict::kWait;
    CHECK(VerdictOfWebhook(status) == expected);
  }
}

}  // namespace
}  // namespace sampleproc::consumer
