// Lines into a file descriptor.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "files/stop_descriptor.h"

namespace sampleproc::files {

// Collects lines for a regular file, writes each at once to anything else. Fails with kIo, or
// kCancelled when the reader of a pipe is gone, or has taken nothing for kLastChance once `stop`
// says that the run ends; what was collected is then dropped. The descriptor and `stop`, which may
// be null, stay the caller's. Used by one thread at a time.
class LineSink {
 public:
  static constexpr std::chrono::milliseconds kLastChance{1'000};

  LineSink(int descriptor, std::string name, const StopDescriptor* stop = nullptr);

  // `line` without its newline.
  base::Result<void> WriteLine(std::string_view line);
  base::Result<void> Flush();

 private:
  bool AwaitReader() const;

  const int descriptor_;
  const std::string name_;
  const StopDescriptor* const stop_;
  std::size_t flush_at_;  // bytes
  std::string pending_;
};

}  // namespace sampleproc::files
