#include "consumer/pixels/storage_folder.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>

#include "base/descriptor.h"

namespace sampleproc::consumer {

bool IsEmptyFolder(int folder) {
  base::Descriptor opened(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return false;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(opened.get()), &::closedir);
  if (entries == nullptr) return false;
  (void)opened.release();
  errno = 0;
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string_view name(entry->d_name);
    if (!name.starts_with('.') && name != "lost+found") return false;
  }
  return errno == 0;
}

}  // namespace sampleproc::consumer
