// Files that one process at a time may write.
#pragma once

#include <string>

namespace sampleproc::files {

// Takes the file that `fd` was opened as, `path`, for this process until `fd` is closed (flock(2)).
// False when another process has it, or `path` is another file by now, as when that process has put
// it in its place and ended. Where files cannot be locked, true. From any thread.
bool BecomeSoleWriter(int fd, const std::string& path);

// Removes the regular file `path` if no process has it by BecomeSoleWriter any more. False, with
// EEXIST in errno, when it stays: one has it, that cannot be told, or it cannot be removed. From
// any thread.
bool RemoveUnused(const std::string& path);

}  // namespace sampleproc::files
