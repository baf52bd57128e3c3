// What follows from the values that were set, and what the rules say of them.
#pragma once

#include "config/assembly.h"

namespace sampleproc::config {

// Derives (config/derive.h) and applies the rules (config/validate.h), each finding reported where
// the blamed key was set. Nothing is reported that may be there only because some key could not be
// taken: its own error is told already.
void Judge(bool original_names, Assembly& assembly);

}  // namespace sampleproc::config
