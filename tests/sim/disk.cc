#include "sim/disk.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#define SIM_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// The functions below have no other way to it.
struct State {
  std::string folder;
  std::function<bool()> full;
  std::set<int> files;  // descriptors that are open below the folder
};
State* state = nullptr;

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool IsOurs(const char* path) {
  return state != nullptr && std::string_view(path).starts_with(state->folder);
}

bool IsOurs(int file) { return state != nullptr && state->files.contains(file); }

bool Full() { return state->full(); }

int NoSpace() {
  errno = ENOSPC;
  return -1;
}

}  // namespace

SIM_EXPORT int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(list, int) : 0;
  va_end(list);
  if (IsOurs(path) && (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0 && Full()) {
    return NoSpace();
  }
  static const auto real = Real<int (*)(const char*, int, ...)>("open");
  const int file = real(path, flags, mode);
  if (file >= 0 && IsOurs(path)) state->files.insert(file);
  return file;
}

SIM_EXPORT int close(int file) {
  if (state != nullptr) state->files.erase(file);
  static const auto real = Real<int (*)(int)>("close");
  return real(file);
}

SIM_EXPORT ssize_t write(int file, const void* bytes, size_t count) {
  if (IsOurs(file) && Full()) return NoSpace();
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  return real(file, bytes, count);
}

SIM_EXPORT int fsync(int file) {
  if (IsOurs(file)) return 0;
  static const auto real = Real<int (*)(int)>("fsync");
  return real(file);
}

SIM_EXPORT int fdatasync(int file) {
  if (IsOurs(file)) return 0;
  static const auto real = Real<int (*)(int)>("fdatasync");
  return real(file);
}

namespace sampleproc::sim {

Disk::Disk(std::function<bool()> full) {
  std::string made = std::filesystem::temp_directory_path().string() + "/sampleproc-sim-XXXXXX";
  if (::mkdtemp(made.data()) == nullptr) {
    std::perror("mkdtemp");
    std::abort();
  }
  folder_ = std::move(made);
  state = new State{.folder = folder_, .full = std::move(full), .files = {}};
}

Disk::~Disk() {
  CloseAll();
  delete std::exchange(state, nullptr);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Disk::CloseAll() {
  for (const int file : std::exchange(state->files, {})) ::close(file);
}

}  // namespace sampleproc::sim
