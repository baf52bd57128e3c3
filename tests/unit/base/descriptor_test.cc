#include "base/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <utility>

namespace sampleproc::base {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

int Open() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  return fd;
}

TEST_CASE("a descriptor closes with its owner, once, and not when it was released") {
  const int fd = Open();
  {
    const Descriptor owner(fd);
  }
  CHECK_FALSE(IsOpen(fd));

  const int kept = Open();
  {
    Descriptor owner(kept);
    CHECK(owner.release() == kept);
    CHECK(owner.get() == -1);
  }
  CHECK(IsOpen(kept));
  Descriptor owner(kept);
  owner.reset();
  CHECK_FALSE(IsOpen(kept));
  owner.reset();
  CHECK(owner.get() == -1);
}

TEST_CASE("a descriptor that moves leaves nothing behind and closes what it replaces") {
  const int first = Open();
  const int second = Open();
  Descriptor one(first);
  Descriptor two(second);
  two = std::move(one);
  CHECK_FALSE(IsOpen(second));
  CHECK(two.get() == first);
  const Descriptor three(std::move(two));
  CHECK(three.get() == first);
  CHECK(IsOpen(first));
}

}  // namespace
}  // namespace sampleproc::base
