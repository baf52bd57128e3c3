// Opens shared objects, the files that dlopen(3) takes.
#pragma once

#include <string>

#include "base/error.h"

namespace sampleproc::modules {

// The handle of dlopen(`name`, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE): the code stays loaded until
// the process ends. A `name` with a '/' is a file, another one is looked for as ld.so(8) does.
// Fails with kUnavailable, the message says why: also for a file that is shorter than its program
// headers say (elf(5)), which is mapped all the same and ends the process with SIGBUS when it is
// used.
base::Result<void*> OpenSharedObject(const std::string& name);

}  // namespace sampleproc::modules
