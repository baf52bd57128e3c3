// The section "Testing Production Readiness" as checks that anybody can run against a service.
#pragma once

#include <functional>
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
  std::string advice;    // what to do when it failed or could not be looked at, else ""
  // The answer was about something else, such as a token that is missing: not applicable, and yet
  // no reason to call the whole a pass.
  bool unseen = false;
};

struct AuditReport {
  std::string target;
  std::vector<AuditItem> items;
  bool complete = false;  // every item was looked at
};

std::string_view StatusName(AuditItem::Status status);  // "pass" "fail" "not_applicable"

// Told each item as soon as it has been looked at.
using TakeItem = std::function<void(AuditItem)>;

// Every check in its order; the rate limit comes last, because it uses the limit up. Asks some
// dozens of requests, and holds one connection for as long as the target lets it, 20 s at most.
// Ends early when it is stopped; an item that was under way then is left out. Fails with
// kUnavailable as soon as the target answers nothing.
base::Result<void> Audit(const AuditClient& client, const AuditOptions& options,
                         const base::CancelFlag& stop, const TakeItem& take);

// Every item was looked at, and none failed or could not be seen.
bool Passes(const AuditReport& report);

std::string TextItem(const AuditItem& item);
std::string TextSummary(const AuditReport& report);
std::string JsonAudit(const AuditReport& report);

}  // namespace sampleproc::loadtest
