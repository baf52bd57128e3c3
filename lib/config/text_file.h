// Reads a configuration's files whole.
#pragma once

#include <expected>
#include <string>

namespace sampleproc::config {

struct ReadFailure {
  int error_number = 0;  // of errno.h
  std::string message;   // completes "cannot be read: "
};

// The text of the file `path`, of standard input when that is "-". Directories and what is longer
// than 1 MiB are failures.
std::expected<std::string, ReadFailure> ReadTextFile(const std::string& path);

}  // namespace sampleproc::config
