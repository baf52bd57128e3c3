// Diagnostics for people.
#pragma once

#include <string>

#include "config/diagnostic.h"
#include "config/loader.h"

namespace sampleproc::config {

// One diagnostic, each line ended:
//
//   sampleproc.toml:3:11: error: process.workers: 9000 is out of range; allowed is 0 to 512
//   [SP1004]
//       3 | workers = 9000
//         |           ^~~~
//   hint: ...
//
// A variable or a flag stands in the place of the file. Nothing of the input is printed that could
// move a cursor. `colour` adds the usual ANSI sequences.
std::string FormatDiagnostic(const Diagnostic& diagnostic, bool colour);

// "sampleproc.toml:3:11", "environment PORT", "--port".
std::string Where(const Origin& origin);

// Where the configuration came from, for one line of the log: "built-in defaults",
// "/etc/sampleproc/sampleproc.toml, 2 environment variables, 1 flag".
std::string DescribeSources(const Loaded& loaded);

}  // namespace sampleproc::config
