// The checks of an audit, by what they look at; audit.cc has the table that names them.
#pragma once

#include "loadtest/audit.h"

namespace sampleproc::loadtest {

// What one check found.
struct Finding {
  AuditItem::Status status = AuditItem::Status::kNotApplicable;
  std::string evidence;
  std::string advice = {};
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

// "no answer: connection refused"
Finding NoAnswer(const base::Error& error);

}  // namespace sampleproc::loadtest
