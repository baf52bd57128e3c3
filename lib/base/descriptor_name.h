// Names of descriptors that are open already.
#pragma once

#include <optional>
#include <string>

#include "base/descriptor.h"

namespace sampleproc::base {

struct DescriptorName {
  int number;
  bool is_ours;  // of this process
};

// The open descriptor that `path` stands for: /dev/stdout, /dev/fd/3, /proc/self/fd/3,
// /proc/1/fd/1 or a link that leads to such a name; nothing for every other name. What lies behind
// it has a place in its file and other users, so it is written as it is and never replaced. Whether
// the descriptor is open is not asked. Thread-safe.
std::optional<DescriptorName> FindDescriptorName(const std::string& path);

// A copy of the descriptor `number`, closed by exec. None, with errno EBADF, when this process was
// not given such a one or it takes no writes.
Descriptor CopyForWriting(int number);

}  // namespace sampleproc::base
