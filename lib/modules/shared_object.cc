#include "modules/shared_object.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace sampleproc::modules {
namespace {

// As many bytes as what is mapped of the file reaches to; 0 for what is no such file, of which
// dlopen() has more to say.
std::uint64_t BytesNeeded(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr head{};
  if (!file.read(reinterpret_cast<char*>(&head), sizeof head)) return 0;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
      head.e_phentsize != sizeof(Elf64_Phdr)) {
    return 0;
  }
  std::uint64_t needed = 0;
  file.seekg(static_cast<std::streamoff>(head.e_phoff));
  for (int i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part{};
    if (!file.read(reinterpret_cast<char*>(&part), sizeof part)) break;
    if (part.p_type == PT_LOAD) needed = std::max(needed, part.p_offset + part.p_filesz);
  }
  return needed;
}

}  // namespace

base::Result<void*> OpenSharedObject(const std::string& name) {
  if (name.contains('/')) {
    std::error_code failed;
    const std::uintmax_t size = std::filesystem::file_size(name, failed);
    const std::uint64_t needed = failed ? 0 : BytesNeeded(name);
    if (needed > size) {
      return base::Fail(base::ErrorCode::kUnavailable,
                        name + " is cut short: it has " + std::to_string(size) + " of " +
                            std::to_string(needed) + " bytes; install it again");
    }
  }
  void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle != nullptr) return handle;
  const char* const said = dlerror();
  return base::Fail(base::ErrorCode::kUnavailable, said == nullptr ? "unknown reason" : said);
}

}  // namespace sampleproc::modules
