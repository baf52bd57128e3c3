// Variables that other services of this kind read, and this one does not.
#pragma once

#include <string_view>

#include "config/assembly.h"

namespace sampleproc::config {

bool IsForeignVariable(std::string_view name);

// Warns of each that is set, with what to set instead: whoever sets HOST or REDIS_PASSWORD means
// something by it. Silent where the key that it is about is set by a variable or a flag, since then
// the right name is known.
void ReportForeignVariables(const LoadRequest& request, Assembly& assembly);

}  // namespace sampleproc::config
