#include "base/descriptor_name.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <vector>

namespace sampleproc::base {
namespace {

namespace fs = std::filesystem;

bool IsNumber(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Whether `folder`, without links, is /proc/N/fd or /proc/N/task/N/fd.
bool HasDescriptors(const fs::path& folder) {
  std::vector<std::string> parts;
  for (const fs::path& part : folder) parts.push_back(part.string());
  if (parts.size() != 4 && parts.size() != 6) return false;
  if (parts[0] != "/" || parts[1] != "proc" || !IsNumber(parts[2]) || parts.back() != "fd") {
    return false;
  }
  return parts.size() == 4 || (parts[3] == "task" && IsNumber(parts[4]));
}

}  // namespace

std::optional<DescriptorName> FindDescriptorName(const std::string& path) {
  constexpr int kMostLinks = 40;  // as many as the kernel follows, path_resolution(7)
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  for (int links = 0; !error && links < kMostLinks; ++links) {
    const fs::path folder = fs::canonical(at.parent_path(), error);
    if (error) return std::nullopt;
    const std::string name = at.filename().string();
    if (HasDescriptors(folder)) {
      int number = 0;
      const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
      if (!IsNumber(name) || wrong != std::errc()) return std::nullopt;
      // Not by getpid(): /proc may be that of another namespace.
      const std::string ours = fs::canonical("/proc/self", error).string() + '/';
      return DescriptorName{number, !error && folder.string().starts_with(ours)};
    }
    at = folder / fs::read_symlink(folder / name, error);  // an absolute one stands for itself
  }
  return std::nullopt;
}

Descriptor CopyForWriting(int number) {
  // What was given to this process outlives exec; what it has opened itself does not.
  const int of_exec = ::fcntl(number, F_GETFD);
  const int mode = ::fcntl(number, F_GETFL);
  if (of_exec < 0 || (of_exec & FD_CLOEXEC) != 0 || (mode & O_ACCMODE) == O_RDONLY) {
    errno = EBADF;
    return Descriptor();
  }
  return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 0));
}

}  // namespace sampleproc::base
