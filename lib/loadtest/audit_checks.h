// The checks of an audit, by what they look at; audit.cc has the table that names them.
#pragma once

#include <optional>

#include "loadtest/audit.h"

namespace sampleproc::loadtest {

// What one check found.
struct Finding {
  AuditItem::Status status = AuditItem::Status::kNotApplicable;
  std::string evidence;
  std::string advice = {};
  bool unseen = false;  // as of AuditItem
  bool silent = false;  // there was no answer
};

using Check = Finding (*)(const AuditClient& client, const AuditOptions& options);

// audit_headers.cc
Finding CheckSecurityHeaders(const AuditClient& client, const AuditOptions& options);
Finding CheckErrorHeaders(const AuditClient& client, const AuditOptions& options);
Finding CheckHostHeader(const AuditClient& client, const AuditOptions& options);
Finding CheckCorsRefused(const AuditClient& client, const AuditOptions& options);
Finding CheckCorsAllowed(const AuditClient& client, const AuditOptions& options);
Finding CheckTls(const AuditClient& client, const AuditOptions& options);

// audit_limits.cc
Finding CheckRequestLimit(const AuditClient& client, const AuditOptions& options);
Finding CheckFrameLimit(const AuditClient& client, const AuditOptions& options);
Finding CheckMetadataLimit(const AuditClient& client, const AuditOptions& options);
Finding CheckBase64(const AuditClient& client, const AuditOptions& options);
Finding CheckFrameData(const AuditClient& client, const AuditOptions& options);
Finding CheckHeadTimeout(const AuditClient& client, const AuditOptions& options);
Finding CheckRateLimit(const AuditClient& client, const AuditOptions& options);
Finding CheckProbesExempt(const AuditClient& client, const AuditOptions& options);

// audit_monitoring.cc
Finding CheckHealth(const AuditClient& client, const AuditOptions& options);
Finding CheckProbes(const AuditClient& client, const AuditOptions& options);
Finding CheckMetrics(const AuditClient& client, const AuditOptions& options);
Finding CheckConnectionReuse(const AuditClient& client, const AuditOptions& options);
Finding CheckTracing(const AuditClient& client, const AuditOptions& options);

// A request that must be answered with one of the statuses.
Finding ExpectStatus(const AuditClient& client, const AuditRequest& request,
                     std::initializer_list<int> expected, const std::string& what,
                     const std::string& advice);

// What the answer says when it is about something else than what was asked for: a token that is
// missing, a client that has asked too much, a server that is away. Nothing when it is not.
std::optional<Finding> AboutSomethingElse(const AuditClient& client, const ResponseReader& answer,
                                          const std::string& what);

// "no answer: connection refused"
Finding NoAnswer(const base::Error& error);

}  // namespace sampleproc::loadtest
