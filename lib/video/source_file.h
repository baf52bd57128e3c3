// The video's bytes, read by position from a descriptor that we opened: the demuxer never opens
// anything itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/error.h"

namespace sampleproc::video {

// One open regular file. Movable; used by one thread at a time.
class SourceFile {
 public:
  // Never waits for a FIFO. Fails with kNotFound, kIo, or kUnsupportedFormat when it is no regular
  // file.
  static base::Result<SourceFile> Open(const std::string& path);

  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&&) = delete;
  SourceFile(const SourceFile&) = delete;
  ~SourceFile();

  std::uint64_t size() const { return size_; }  // as it was when opened
  const std::string& path() const { return path_; }

  // Fills `place` from `offset` as far as the file goes; returns how many bytes that were, 0 at or
  // after the end. Fails with kIo.
  base::Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::uint8_t> place) const;

  // kIo when the file has another size now than when it was opened.
  base::Result<void> CheckUnchanged() const;

 private:
  SourceFile(int descriptor, std::uint64_t size, std::string path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

  int descriptor_;
  std::uint64_t size_;
  std::string path_;
};

}  // namespace sampleproc::video
