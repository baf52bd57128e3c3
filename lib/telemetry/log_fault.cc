#include "telemetry/log_fault.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace sampleproc::telemetry {
namespace {

// The path of the file that is open as `fd`; "" of a pipe, a socket and what has no name.
std::string PathOf(int fd) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  const std::string_view found(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(found.starts_with('/') ? found : std::string_view());
}

std::string LargestFile() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return "its file system allows";
  }
  return "this process may write, " + std::to_string(limit.rlim_cur) +
         " bytes (ulimit -f, systemd's LimitFSIZE=)";
}

std::string WhatAndRemedy(int error_number) {
  switch (error_number) {
    case EFBIG:
      return "the file has the largest size that " + LargestFile() +
             "; rotate or truncate it, or raise the limit";
    case ENOSPC:
      return "its disk is full; free space there";
    case EDQUOT:
      return "the disk quota of this user is used up; free space there, or raise it";
    case EPIPE:
      return "whoever read it has gone; restart the service with its reader";
    default:
      return std::strerror(error_number);
  }
}

}  // namespace

std::string LogFault(int fd, int error_number) {
  const std::string path = PathOf(fd);
  return "the log cannot be written" + (path.empty() ? path : " to " + path) + ": " +
         WhatAndRemedy(error_number);
}

}  // namespace sampleproc::telemetry
