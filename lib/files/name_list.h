// Names of files from a file or a pipe, one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"

namespace sampleproc::files {

// Reads as far as it must, so a list may be endless and its names may be made while they are worked
// on. Used by one thread at a time.
class NameList {
 public:
  // Names end with `delimiter`, '\n' or '\0'; the last one need not. `path` "-" is standard input.
  // Fails with kNotFound or kIo when it cannot be opened.
  static base::Result<std::unique_ptr<NameList>> Open(const std::string& path, char delimiter);

  NameList(const NameList&) = delete;
  NameList& operator=(const NameList&) = delete;
  ~NameList();

  // The next name that is not empty, or nothing at the end. A name longer than a path may be
  // (PATH_MAX, 4096 bytes) is kInvalidFrame and passed over; a list that cannot be read further is
  // kIo and ends it.
  std::optional<base::Result<std::string>> Next();

 private:
  NameList(int descriptor, char delimiter) : descriptor_(descriptor), delimiter_(delimiter) {}
  bool Fill();

  const int descriptor_;
  const char delimiter_;
  std::string held_;
  std::size_t start_ = 0;  // of held_: the first byte not handed out
  std::size_t names_ = 0;
  bool ended_ = false;
  std::optional<base::Error> failure_;
};

}  // namespace sampleproc::files
