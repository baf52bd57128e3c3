#include "allocations/fail_nth.h"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

thread_local int left = 0;  // until the one that fails; 0: none does
thread_local bool failed = false;

bool Fails() {
  if (left == 0 || --left > 0) return false;
  failed = true;
  return true;
}

void* AllocateOrThrow(std::size_t size) {
  void* const made = Fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

namespace sampleproc::test {

void FailAllocation(int nth) {
  failed = false;
  left = nth;
}

bool AllocationFailed() {
  left = 0;
  return std::exchange(failed, false);
}

}  // namespace sampleproc::test

void* operator new(std::size_t size) { return AllocateOrThrow(size); }
void* operator new[](std::size_t size) { return AllocateOrThrow(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
