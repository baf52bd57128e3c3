#include "video/module/h264_order.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace sampleproc::video {
namespace {

using Sequence = H264Order::Sequence;
using UnitBytes = std::vector<std::uint8_t>;

// Bits as a unit has them, behind its head.
class UnitBits {
 public:
  explicit UnitBits(std::uint8_t head) : bytes_{0, 0, 1, head} {}

  UnitBits& Add(std::uint32_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      if (used_ == 0) bytes_.push_back(0);
      bytes_.back() |= static_cast<std::uint8_t>((value >> i & 1u) << (7 - used_));
      used_ = (used_ + 1) % 8;
    }
    return *this;
  }
  // Exp-Golomb.
  UnitBits& Add(std::uint32_t value) {
    int zeros = 0;
    while ((value + 1) >> (zeros + 1) != 0) ++zeros;
    return Add(0, zeros).Add(value + 1, zeros + 1);
  }
  const UnitBytes& bytes() const { return bytes_; }

 private:
  UnitBytes bytes_;
  int used_ = 0;
};

UnitBytes operator+(UnitBytes left, const UnitBytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// Baseline, numbers of 4 bits.
UnitBytes Head(bool may_have_gaps) {
  UnitBits sequence(0x67);
  sequence.Add(66, 8).Add(0, 8).Add(30, 8).Add(0).Add(0).Add(2).Add(1).Add(may_have_gaps, 1);
  return sequence.Add(9).Add(9).Add(0xff, 8).bytes() +
         UnitBits(0x68).Add(0).Add(0).Add(3, 8).bytes();
}

UnitBytes Slice(std::uint8_t head, std::uint32_t number) {
  return UnitBits(head).Add(0).Add(5).Add(0).Add(number, 4).Add(0xff, 8).bytes();
}
UnitBytes Key() { return Slice(0x65, 0); }
UnitBytes Reference(std::uint32_t number) { return Slice(0x41, number); }
UnitBytes Other(std::uint32_t number) { return Slice(0x01, number); }

TEST_CASE("a number that is left out is a gap, unless the stream allows it", "[video]") {
  for (const bool allowed : {false, true}) {
    INFO(allowed);
    H264Order order;
    order.TakeHead(Head(allowed));
    CHECK(order.Take(Key()) == Sequence::kWhole);
    CHECK(order.Take(Reference(1)) == Sequence::kWhole);
    CHECK(order.Take(Reference(3)) == (allowed ? Sequence::kWhole : Sequence::kGap));
  }
}

TEST_CASE("numbers go round, and pictures that nothing refers to take none", "[video]") {
  H264Order order;
  CHECK(order.Take(Head(false) + Key()) == Sequence::kWhole);
  for (std::uint32_t i = 1; i < 40; ++i) {
    INFO(i);
    CHECK(order.Take(Other(i % 16)) == Sequence::kWhole);
    CHECK(order.Take(Other(i % 16)) == Sequence::kWhole);
    // Two slices of it, or fields.
    CHECK(order.Take(Reference(i % 16) + Reference(i % 16)) == Sequence::kWhole);
  }
  CHECK(order.Take(Other(8)) == Sequence::kWhole);
  CHECK(order.Take(Other(9)) == Sequence::kGap);
}

TEST_CASE("numbers may begin anywhere, and anew with a key frame", "[video]") {
  H264Order order;
  CHECK(order.Take(Head(false) + Reference(7)) == Sequence::kWhole);
  CHECK(order.Take(Reference(8)) == Sequence::kWhole);
  CHECK(order.Take(Key()) == Sequence::kWhole);
  CHECK(order.Take(Reference(1)) == Sequence::kWhole);
  CHECK(order.Take(Reference(2)) == Sequence::kWhole);
  CHECK(order.Take(Reference(1)) == Sequence::kGapUnless);
  CHECK(order.Take(Reference(2)) == Sequence::kWhole);
  order.Forget();
  CHECK(order.Take(Reference(12)) == Sequence::kWhole);
}

TEST_CASE("nothing is known of numbers without their sets", "[video]") {
  H264Order order;
  CHECK(order.Take(Key()) == Sequence::kWhole);
  CHECK(order.Take(Reference(9)) == Sequence::kWhole);
  CHECK(order.Take({}) == Sequence::kWhole);
}

TEST_CASE("any bytes are taken", "[video][hostile]") {
  std::mt19937 random(1);
  const UnitBytes good = Head(false) + Key() + Reference(1) + Other(2);
  for (int i = 0; i < 20000; ++i) {
    UnitBytes bytes = good;
    if (i % 2 == 0) bytes = {1, 66, 0, 30, 0xff, 0xe1, 0, 9};
    for (int flips = 0; flips < 3; ++flips) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    H264Order order;
    order.TakeHead(bytes);
    static_cast<void>(order.Take(good));
    static_cast<void>(order.Take(bytes));
  }
}

}  // namespace
}  // namespace sampleproc::video
