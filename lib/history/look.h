// What there is of a history, for those who only look.
#pragma once

#include <string>

#include "base/error.h"

namespace sampleproc::history {

// Looks at the file of that name without changing or making anything, also while a service uses it.
// Returns what there is in words, such as "FILE can be written, layout 3, 12MiB, 80GiB free"; fails
// with the reason when Store::Open would fail: with kConfig when what is there is no file of ours
// and never will be, with kIo when the file or its folder may not be written to, is of another
// version, or the disk is full. Damage further in than the file's header is not seen.
base::Result<std::string> Look(const std::string& path);

}  // namespace sampleproc::history
