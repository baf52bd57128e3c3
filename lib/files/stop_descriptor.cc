#include "files/stop_descriptor.h"

#include <sys/eventfd.h>

namespace sampleproc::files {

// Without a descriptor left poll(2) passes the -1 over: then the flag only ends the run between its
// frames.
StopDescriptor::StopDescriptor(const base::CancelFlag& flag)
    : event_(::eventfd(0, EFD_CLOEXEC)),
      watch_(flag, [this] { (void)::eventfd_write(event_.get(), 1); }) {}

}  // namespace sampleproc::files
