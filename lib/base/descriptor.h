// A file descriptor that closes itself.
#pragma once

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

}  // namespace sampleproc::base
