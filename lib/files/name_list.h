// Names of files from a file or a pipe, one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "files/line_reader.h"

namespace sampleproc::files {

using GivenNames = std::vector<base::Result<std::string>>;

// Reads as far as it must, so a list may be endless and its names may be made while they are worked
// on. Used by one thread at a time.
class NameList {
 public:
  // Names end with `delimiter`, '\n' or '\0'; the last one need not. A byte order
  // mark before the first, and a '\r' before '\n', are no part of them. `path` "-" is standard
  // input. Fails with kNotFound or kIo when it cannot be opened.
  static base::Result<std::unique_ptr<NameList>> Open(const std::string& path, char delimiter,
                                                      const StopDescriptor* stop = nullptr);

  // A list that is known already.
  static std::unique_ptr<NameList> Of(GivenNames names);

  // The next name that is not empty, or nothing at the end. A name longer than a path may be
  // (PATH_MAX, 4096 bytes) is kInvalidFrame and passed over; UTF-16, NUL in a line and lines where
  // names should end with NUL are kInvalidFrame and end the list; one that cannot be read further
  // is kIo and ends it.
  std::optional<base::Result<std::string>> Next();

 private:
  std::string ProblemWith(const Line& line) const;

  explicit NameList(GivenNames names) : given_(std::move(names)) {}
  NameList(LineReader lines, char delimiter) : lines_(std::move(lines)), delimiter_(delimiter) {}

  std::optional<LineReader> lines_;
  GivenNames given_;  // when there are no lines
  std::size_t next_ = 0;
  const char delimiter_ = 0;
};

}  // namespace sampleproc::files
