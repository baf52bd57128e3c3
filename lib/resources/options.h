// What the process may take from its machine.
#pragma once

#include <cstddef>

namespace sampleproc::resources {

struct Options {
  // Bytes that request bodies, decoded frames and step scratch may take together. 0 means: three
  // quarters of the cgroup's memory limit, or 1 GiB when there is none.
  std::size_t memory_limit = 0;
};

}  // namespace sampleproc::resources
