// One line in the log for every request.
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "http/chain.h"

namespace sampleproc::http {

// Method, path (its first 200 bytes; never the query, which may hold what is nobody's business),
// status, time, client and id. Probes and /metrics, asked every few seconds by machines, are lines
// of level debug.
class AccessLog final : public Middleware {
 public:
  // Both must outlive the chain.
  AccessLog(base::Logger& log, const base::Clock& clock) : log_(log), clock_(clock) {}

  void OnResponse(const Request& request, Response& response) override;

 private:
  base::Logger& log_;
  const base::Clock& clock_;
};

}  // namespace sampleproc::http
