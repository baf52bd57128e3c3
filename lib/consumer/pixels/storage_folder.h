// Whether the folder that frames' files are in is there at all.
#pragma once

#include <string_view>

namespace sampleproc::consumer {

inline constexpr std::string_view kEmptyStorage =
    "the folder with the frames (consumer.storage_root) is empty: is its file system mounted?";

// True for a mount point on which nothing is mounted, or a new file system: no entry but hidden
// ones and lost+found. False when it cannot be read. `folder` is an open descriptor of it, so that
// a mount meanwhile makes no difference. Looks at few entries, however many there are.
bool IsEmptyFolder(int folder);

}  // namespace sampleproc::consumer
