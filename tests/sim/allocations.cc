// Allocations that fail while a run is short of memory.
#include <cstddef>
#include <cstdlib>
#include <new>

#include "sim/scheduler.h"

namespace {

void* Allocate(std::size_t size) {
  auto* const scheduler = sampleproc::sim::Scheduler::Current();
  if (scheduler != nullptr && scheduler->AllocationFails()) return nullptr;
  return std::malloc(size == 0 ? 1 : size);
}

void* AllocateOrThrow(std::size_t size) {
  void* const made = Allocate(size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

#define SIM_EXPORT __attribute__((visibility("default")))

SIM_EXPORT void* operator new(std::size_t size) { return AllocateOrThrow(size); }
SIM_EXPORT void* operator new[](std::size_t size) { return AllocateOrThrow(size); }
SIM_EXPORT void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size);
}
SIM_EXPORT void operator delete(void* memory) noexcept { std::free(memory); }
SIM_EXPORT void operator delete[](void* memory) noexcept { std::free(memory); }
SIM_EXPORT void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
SIM_EXPORT void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
