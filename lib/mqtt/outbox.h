// Messages of events that wait for the broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace sampleproc::mqtt {

// Up to a number of messages and bytes; what would be beyond pushes out the oldest, since what
// happens now is worth more to who listens than what did when the broker went away. One thread at a
// time.
class Outbox {
 public:
  static constexpr std::size_t kMost = 4096;
  static constexpr std::size_t kMostBytes = std::size_t{4} * 1024 * 1024;

  struct Message {
    std::string topic;
    std::string text;

    std::size_t bytes() const { return topic.size() + text.size() + kOverhead; }
  };

  bool empty() const { return messages_.empty(); }
  std::size_t size() const { return messages_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t dropped() const { return dropped_; }

  void Push(Message message) {
    const std::size_t bytes = message.bytes();
    if (bytes > kMostBytes) {
      ++dropped_;
      return;
    }
    messages_.push_back(std::move(message));
    bytes_ += bytes;
    while (messages_.size() > kMost || bytes_ > kMostBytes) {
      Pop();
      ++dropped_;
    }
  }

  // It was not published after all, and is the oldest.
  void Return(Message message) {
    const std::size_t bytes = message.bytes();
    if (messages_.size() >= kMost || bytes_ + bytes > kMostBytes) {
      ++dropped_;
      return;
    }
    messages_.push_front(std::move(message));
    bytes_ += bytes;
  }

  // Precondition: it is not empty.
  Message Pop() {
    Message first = std::move(messages_.front());
    messages_.pop_front();
    bytes_ -= first.bytes();
    return first;
  }

 private:
  static constexpr std::size_t kOverhead = 128;  // besides its texts

  std::deque<Message> messages_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sampleproc::mqtt
