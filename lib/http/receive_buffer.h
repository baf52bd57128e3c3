// The bytes of a connection that have arrived and are not consumed yet, in one piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace sampleproc::http {

// Starts small, because most connections of a busy server are idle; grows while a large head
// arrives and shrinks when it is empty again.
class ReceiveBuffer {
 public:
  static constexpr std::size_t kSmall = 4096;

  std::string_view received() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  void Consume(std::size_t bytes) { begin_ += bytes; }
  void Produce(std::size_t bytes) { end_ += bytes; }
  void TruncateTo(std::size_t held) { end_ = begin_ + held; }

  // Room for reading behind what was received: at least one byte, and the buffer holds at least
  // `total` bytes from the first unconsumed one. Moves bytes only when there is too little room.
  std::span<char> Room(std::size_t total = kSmall) {
    if (empty()) begin_ = end_ = 0;
    const std::size_t held = end_ - begin_;
    const std::size_t wanted = std::max(total, held + 1);
    if (capacity_ - begin_ < wanted) {
      const std::size_t capacity = std::max({wanted, kSmall, held * 2});
      if (capacity > capacity_) {
        auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
        if (held != 0) std::memcpy(bigger.get(), bytes_.get() + begin_, held);
        bytes_ = std::move(bigger);
        capacity_ = capacity;
      } else {
        std::memmove(bytes_.get(), bytes_.get() + begin_, held);
      }
      begin_ = 0;
      end_ = held;
    }
    return {bytes_.get() + end_, capacity_ - end_};
  }

  // Gives back what a large request needed.
  void ShrinkIfEmpty() {
    if (!empty() || capacity_ <= kSmall) return;
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sampleproc::http
