// Bytes: a view, and a buffer that grows without writing zeros first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace sampleproc::base {

using ByteView = std::span<const std::uint8_t>;

// Leaves new elements of a trivial type uninitialised: a body buffer of 10 MB is about to be
// overwritten by the socket, writing it twice would be the largest cost of receiving it.
template <typename T>
class UninitAllocator : public std::allocator<T> {
 public:
  template <typename U>
  struct rebind {
    using other = UninitAllocator<U>;
  };
  template <typename U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }
};

using ByteBuffer = std::vector<std::uint8_t, UninitAllocator<std::uint8_t>>;

inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace sampleproc::base
