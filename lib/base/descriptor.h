// A file descriptor that closes itself, and writing to one.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace sampleproc::base {

// Owns `fd`; -1 is none. Used by one thread at a time.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_;
};

// Writes all of `bytes` from `place` on (pwrite(2)), however often a signal comes between. False,
// and errno says why, when it cannot; EIO where nothing is taken.
bool WriteAt(int file, std::uint64_t place, std::string_view bytes);

}  // namespace sampleproc::base
