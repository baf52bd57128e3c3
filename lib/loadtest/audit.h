// The section "Testing Production Readiness" as checks that anybody can run against a service.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "loadtest/audit_client.h"

namespace sampleproc::loadtest {

struct AuditOptions {
  bool production = false;  // what staging may leave out is a failure
  std::string origin;       // one that may be let in by CORS; "" = not known
  int burst = 120;          // requests that should meet the rate limit
};

struct AuditItem {
  enum class Status { kPass, kFail, kNotApplicable };
  std::string name;  // stable: "security_headers"
  Status status = Status::kNotApplicable;
  std::string evidence;  // what was asked and what came
  std::string advice;    // what to do when it failed, else ""
};

std::string_view StatusName(AuditItem::Status status);  // "pass" "fail" "not_applicable"

// Every check in its order; the rate limit comes last, because it uses the limit up. Asks some
// dozens of requests, and holds one connection for as long as the target lets it, 20 s at most.
// Ends early when it is stopped.
std::vector<AuditItem> Audit(const AuditClient& client, const AuditOptions& options,
                             const base::CancelFlag& stop);

bool AllPass(const std::vector<AuditItem>& items);  // none failed

std::string TextAudit(const std::string& target, const std::vector<AuditItem>& items);
std::string JsonAudit(const std::string& target, const std::vector<AuditItem>& items);

}  // namespace sampleproc::loadtest
