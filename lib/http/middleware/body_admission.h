// Refuses a body that is too large, or that there is no memory for, before it is read.
#pragma once

#include "http/chain.h"
#include "resources/memory_budget.h"

namespace sampleproc::http {

// By Content-Length: over `max_request_bytes` is kTooLarge; otherwise its bytes are reserved from
// the budget into `request.reservation`, or the request is refused as overload. A chunked body says
// no size beforehand; the session reserves for it while it arrives.
class BodyAdmission final : public Middleware {
 public:
  // `budget` must outlive the chain.
  BodyAdmission(std::size_t max_request_bytes, resources::MemoryBudget& budget)
      : max_request_bytes_(max_request_bytes), budget_(budget) {}

  std::optional<Response> OnHead(Request& request) override;

 private:
  const std::size_t max_request_bytes_;
  resources::MemoryBudget& budget_;
};

}  // namespace sampleproc::http
