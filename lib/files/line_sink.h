// Lines into a file descriptor.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sampleproc::files {

// Collects lines for a regular file, writes each at once to anything else. Fails with kIo, or
// kCancelled when the reader of a pipe is gone; what was collected is then dropped. The descriptor
// stays the caller's. Used by one thread at a time.
class LineSink {
 public:
  LineSink(int descriptor, std::string name);

  // `line` without its newline.
  base::Result<void> WriteLine(std::string_view line);
  base::Result<void> Flush();

 private:
  const int descriptor_;
  const std::string name_;
  std::size_t flush_at_;  // bytes
  std::string pending_;
};

}  // namespace sampleproc::files
