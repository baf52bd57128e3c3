// Refuses new work while the service is stopping.
#pragma once

#include <functional>

#include "http/chain.h"

namespace sampleproc::http {

// 503 with Connection: close and Retry-After for every route but the `unlimited` ones: whoever
// looks at the service may see it stop. Nor for what came in on an inherited socket: a moment later
// it would have waited for the next process, and nobody is to notice. `refusing` is asked on any
// thread.
class Drain final : public Middleware {
 public:
  explicit Drain(std::function<bool()> refusing) : refusing_(std::move(refusing)) {}

  std::optional<Response> OnHead(Request& request) override;

 private:
  const std::function<bool()> refusing_;
};

}  // namespace sampleproc::http
