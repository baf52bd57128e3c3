// What can be read of a file that is no TOML, so that one run reports as much as can be.
#pragma once

#include <string>
#include <vector>

#include "config/toml_reader.h"
#include "config/value.h"

namespace sampleproc::config {

struct Around {
  Table table;                    // of the lines that can be read
  std::vector<std::string> lost;  // what was meant to be set in the others: "http.port"
};

// Passes over the lines of `text` with mistakes, `error` being the first of them. After a few, or
// when that leads nowhere, only what stands before the first one is read.
Around ReadAround(const std::string& text, SyntaxError error);

}  // namespace sampleproc::config
