// Files of variables, as containers, service managers and shells read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"

namespace sampleproc::config {

struct FileVariable {
  std::string name;
  std::string value;
  Place place;              // of the value, in the file
  std::string source_line;  // without secrets
};

struct EnvironmentFile {
  std::vector<FileVariable> variables;  // each name once: of a repeated one the last, as everywhere
  std::vector<Diagnostic> diagnostics;  // in the order of the lines
};

// Reads `text`; `display` is the file's name in diagnostics. One variable a line:
//
//   # a comment, also with ;
//   NAME=value
//   export NAME="a value with \"escapes\""     NAME='taken as it is'
//
// docker's --env-file, compose, systemd's EnvironmentFile= and shells agree on that much. Where
// they do not, what is done is said: a value ends before " #" (compose, shells; the others keep
// it), with a warning. A line that sets nothing is an error, a repeated name a warning.
EnvironmentFile ReadEnvironmentFile(std::string_view text, const std::string& display);

}  // namespace sampleproc::config
