#include "mqtt/outbox.h"

#include <catch2/catch.hpp>
#include <string>

namespace sampleproc::mqtt {
namespace {

Outbox::Message Numbered(std::size_t number, std::size_t size = 0) {
  return {.topic = std::to_string(number), .text = std::string(size, 'x')};
}

TEST_CASE("Beyond its number of messages an outbox drops the oldest", "[mqtt]") {
  Outbox box;
  for (std::size_t i = 0; i < Outbox::kMost + 10; ++i) box.Push(Numbered(i));
  CHECK(box.size() == Outbox::kMost);
  CHECK(box.dropped() == 10);
  CHECK(box.Pop().topic == "10");
}

TEST_CASE("Beyond its bytes an outbox drops the oldest", "[mqtt]") {
  Outbox box;
  for (std::size_t i = 0; i < 100; ++i) {
    box.Push(Numbered(i, 100'000));
    CHECK(box.bytes() <= Outbox::kMostBytes);
  }
  CHECK(box.size() + box.dropped() == 100);
  CHECK(box.Pop().topic == std::to_string(box.dropped()));
  box.Push(Numbered(1000, Outbox::kMostBytes));
  CHECK(box.Pop().topic != "1000");
}

TEST_CASE("What comes back to an outbox is its oldest, if there is room", "[mqtt]") {
  Outbox box;
  for (std::size_t i = 0; i < Outbox::kMost; ++i) box.Push(Numbered(i));
  Outbox::Message first = box.Pop();
  Outbox::Message second = box.Pop();
  box.Push(Numbered(Outbox::kMost));
  box.Return(std::move(second));
  CHECK(box.dropped() == 0);
  box.Return(std::move(first));
  CHECK(box.dropped() == 1);
  CHECK(box.Pop().topic == "1");
  while (!box.empty()) box.Pop();
  CHECK(box.bytes() == 0);
}

}  // namespace
}  // namespace sampleproc::mqtt
