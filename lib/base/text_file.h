// Reads a small text file whole, without waiting for anybody who may never come.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <string>

#include "base/deadline.h"
#include "base/error.h"

namespace sampleproc::base {

inline constexpr std::size_t kMaxTextFileBytes = 16U << 20;  // anything longer is a mix-up

// Somebody who means to write to a FIFO has opened it by then.
inline constexpr std::chrono::seconds kNobodyWrites{10};

struct ReadFailure {
  int error_number = 0;  // of errno.h
  std::string message;   // completes "cannot be read: "
};

enum class Reading {
  // At the start: whatever has an end. Pipes and terminals (process substitution, standard input)
  // are waited for until the patience ends, and a FIFO to which nobody writes for kNobodyWrites at
  // most; what came out of them cannot be read a second time.
  kFirst,
  // Of what may have changed since: only regular files (and /dev/null), so that a running service
  // waits for nobody. Anything else is ESPIPE.
  kAgain,
};

// The text of the file `path`, of standard input when that is "-". Directories and what is longer
// than kMaxTextFileBytes are failures.
std::expected<std::string, ReadFailure> ReadTextFile(const std::string& path, Reading reading,
                                                     const Deadline& patience = {});

// The value that is the only line of a file, such as a password, without the line's end; empty
// lines behind it do no harm. Fails as ReadTextFile does, and where there is more than one line or
// a NUL byte, which those who use the value would take for its end.
std::expected<std::string, ReadFailure> ReadOneLine(const std::string& path, Reading reading,
                                                    const Deadline& patience = {});

// The password in the file `path`, its only line; `key` of the configuration names the file, for
// messages. Waits 10 s at most, as ReadOneLine does. Fails with kConfig, also for an empty file,
// which is what a file is for a moment while it is written anew.
Result<std::string> ReadPassword(const std::string& key, const std::string& path, Reading reading);

// Whether the text of `path` can be read more than once: false when it is there and is neither a
// regular file nor a folder.
bool CanBeReread(const std::string& path);

}  // namespace sampleproc::base
