// A run as one page that needs nothing else: no script, no network.
#pragma once

#include <string>

#include "loadtest/report.h"

namespace sampleproc::loadtest {

std::string HtmlReport(const Report& report);

}  // namespace sampleproc::loadtest
