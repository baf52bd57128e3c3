// Runs and audits as JUnit's XML, which continuous integration shows as tests. Its elements are
// those that the JUnit report of Apache Ant writes and Jenkins and GitLab read.
#pragma once

#include <string>
#include <vector>

#include "loadtest/audit.h"
#include "loadtest/report.h"

namespace sampleproc::loadtest {

// A test for each criterion and each comparison with the baseline, one that the generator was not
// the limit (an error, not a failure, when it was), and one for what else fails a run. Some test
// fails exactly when the verdict is not a pass.
std::string JunitReport(const Report& report);

// A test for each item; what is not applicable is skipped.
std::string JunitAudit(const AuditReport& report);

}  // namespace sampleproc::loadtest
