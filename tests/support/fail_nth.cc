// Makes one allocation or one new descriptor fail, for tests alone: loaded before the C++ library
// (LD_PRELOAD, ld.so(8)), it counts, and fails the call that the test has asked for in a file that
// both have mapped:
//
//   offset  0   allocations (operator new) until the one that fails; 0: none fails
//           8   descriptors (socket, accept, open, ...) until the one that fails; 0: none fails
//          16   allocations so far
//          24   descriptors so far
//          32   calls that have been made to fail
//
// Numbers are 64-bit, in the machine's order; SAMPLEPROC_FAULTS names the file. With
// SAMPLEPROC_FAULTS_TRACE set it says on standard error from where the failing call came.
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

struct Control {
  std::atomic<std::int64_t> allocations_left;
  std::atomic<std::int64_t> descriptors_left;
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::uint64_t> descriptors;
  std::atomic<std::uint64_t> failed;
};

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Null until the file is mapped, before main.
Control* control = nullptr;
bool trace = false;

__attribute__((constructor)) void Map() {
  const char* const path = std::getenv("SAMPLEPROC_FAULTS");
  if (path == nullptr) return;
  trace = std::getenv("SAMPLEPROC_FAULTS_TRACE") != nullptr;
  const int file = Real<int (*)(const char*, int, ...)>("open")(path, O_RDWR | O_CLOEXEC);
  void* const mapped =
      ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) std::abort();
  ::close(file);
  control = static_cast<Control*>(mapped);
}

// Whether this is the call that fails.
bool Fails(std::atomic<std::int64_t> Control::* left, std::atomic<std::uint64_t> Control::* count) {
  if (control == nullptr) return false;
  ++(control->*count);
  if ((control->*left).load(std::memory_order_relaxed) <= 0) return false;
  if (--(control->*left) != 0) return false;
  ++control->failed;
  if (trace) {
    void* callers[32];
    ::backtrace_symbols_fd(callers, ::backtrace(callers, 32), STDERR_FILENO);
  }
  return true;
}

bool AllocationFails() { return Fails(&Control::allocations_left, &Control::allocations); }

bool DescriptorFails() {
  if (!Fails(&Control::descriptors_left, &Control::descriptors)) return false;
  errno = EMFILE;
  return true;
}

void* Allocate(std::size_t size, std::size_t alignment) {
  if (AllocationFails()) return nullptr;
  if (alignment == 0) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* AllocateOrThrow(std::size_t size, std::size_t alignment = 0) {
  void* const made = Allocate(size, alignment);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

void* operator new(std::size_t size) { return AllocateOrThrow(size); }
void* operator new[](std::size_t size) { return AllocateOrThrow(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return AllocateOrThrow(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return AllocateOrThrow(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size, 0); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return Allocate(size, 0); }

extern "C" {

int socket(int domain, int type, int protocol) noexcept {
  static const auto real = Real<decltype(&socket)>("socket");
  return DescriptorFails() ? -1 : real(domain, type, protocol);
}

int accept(int listener, sockaddr* address, socklen_t* length) {
  static const auto real = Real<decltype(&accept)>("accept");
  return DescriptorFails() ? -1 : real(listener, address, length);
}

int accept4(int listener, sockaddr* address, socklen_t* length, int flags) {
  static const auto real = Real<decltype(&accept4)>("accept4");
  return DescriptorFails() ? -1 : real(listener, address, length, flags);
}

int open(const char* path, int flags, ...) {
  static const auto real = Real<int (*)(const char*, int, ...)>("open");
  va_list list;
  va_start(list, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(list, int) : 0;
  va_end(list);
  return DescriptorFails() ? -1 : real(path, flags, mode);
}

}  // extern "C"
