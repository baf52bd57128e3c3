// Where a command writes its records.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace sampleproc::apps {

// Standard output or a file; closes what it opened.
class Output {
 public:
  // `path` "-" is standard output. A file keeps its first `keep_bytes` and loses the rest. Fails
  // with kIo; with kUsage when the file has fewer bytes than are to be kept.
  static base::Result<std::unique_ptr<Output>> Open(const std::string& path,
                                                    std::uint64_t keep_bytes = 0);

  Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  int fd() const { return fd_; }
  const std::string& name() const { return name_; }  // for messages

  // Sees to it that what was written is on disk, and returns how many bytes that are in all.
  base::Result<std::uint64_t> Sync() const;

 private:
  int fd_;
  std::string name_;
};

}  // namespace sampleproc::apps
