// A flag that is set can be waited for beside a file.
#pragma once

#include "base/deadline.h"
#include "base/descriptor.h"

namespace sampleproc::files {

// A descriptor that is readable, for poll(2), once `flag` is set. Any number of threads may wait.
class StopDescriptor {
 public:
  explicit StopDescriptor(const base::CancelFlag& flag);

  int get() const { return event_.get(); }

 private:
  const base::Descriptor event_;
  const base::CancelWatch watch_;  // last: it uses the other
};

}  // namespace sampleproc::files
