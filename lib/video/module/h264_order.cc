#include "video/module/h264_order.h"

#include <algorithm>
#include <string_view>

namespace sampleproc::video {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kHeadBytes = 5 + 1;  // of avcC, before its first set
constexpr unsigned kSlice = 1;
constexpr unsigned kPartitionA = 2;
constexpr unsigned kIdrSlice = 5;
constexpr unsigned kMessages = 6;
constexpr unsigned kSequenceSet = 7;
constexpr unsigned kPictureSet = 8;

// The bits of a unit behind its head. Behind the end come zeros.
class Bits {
 public:
  explicit Bits(Bytes unit) : bytes_(unit.subspan(1)) {}

  std::uint32_t Take(unsigned count) {
    std::uint32_t value = 0;
    for (; count > 0; --count) value = value << 1 | Bit();
    return value;
  }

  // Exp-Golomb, 9.1.
  std::uint32_t TakeUnsigned() {
    unsigned zeros = 0;
    while (zeros < 32 && !ended_ && Bit() == 0) ++zeros;
    if (zeros >= 32 || ended_) return ~0u;
    return (1u << zeros) - 1 + Take(zeros);
  }

  std::int64_t TakeSigned() {
    const std::int64_t code = TakeUnsigned();
    return code % 2 != 0 ? (code + 1) / 2 : -code / 2;
  }

  bool ended() const { return ended_; }

 private:
  std::uint32_t Bit() {
    if (left_ == 0) {
      // 00 00 03: the third byte only keeps start codes from appearing.
      if (zeros_ >= 2 && at_ < bytes_.size() && bytes_[at_] == 3) {
        ++at_;
        zeros_ = 0;
      }
      ended_ = ended_ || at_ >= bytes_.size();
      if (ended_) return 0;
      byte_ = bytes_[at_++];
      zeros_ = byte_ == 0 ? zeros_ + 1 : 0;
      left_ = 8;
    }
    return byte_ >> --left_ & 1u;
  }

  const Bytes bytes_;
  std::size_t at_ = 0;
  unsigned byte_ = 0;
  unsigned left_ = 0;  // bits of it
  int zeros_ = 0;      // bytes of zero just before
  bool ended_ = false;
};

// 7.3.2.1.1.1; what is in them does not matter here.
void PassScalingLists(Bits& bits, unsigned lists) {
  for (unsigned list = 0; list < lists; ++list) {
    if (bits.Take(1) == 0) continue;
    std::int64_t last = 8;
    std::int64_t next = 8;
    for (int i = 0; i < (list < 6 ? 16 : 64); ++i) {
      if (next != 0) next = (last + bits.TakeSigned() + 256) % 256;
      if (next != 0) last = next;
    }
  }
}

// Of the profiles whose sets say how colour is stored.
bool IsHighProfile(std::uint32_t profile) {
  constexpr std::array<std::uint32_t, 12> kHigh = {100, 110, 122, 244, 44,  83,
                                                   86,  118, 128, 138, 139, 134};
  return std::ranges::find(kHigh, profile) != kHigh.end();
}

}  // namespace

void H264Order::TakeHead(Bytes head) {
  length_bytes_ = 0;
  if (head.size() <= kHeadBytes || head[0] != 1) {
    Take(head);
    return;
  }
  length_bytes_ = (head[4] & 3u) + 1;
  Bytes rest = head.subspan(kHeadBytes);
  std::size_t sets = head[5] & 31u;
  for (int kind = 0; kind < 2; ++kind) {
    for (; sets > 0 && rest.size() >= 2; --sets) {
      const std::size_t size = std::min(std::size_t{rest[0]} << 8 | rest[1], rest.size() - 2);
      TakeUnit(rest.subspan(2, size));
      rest = rest.subspan(2 + size);
    }
    if (rest.empty()) return;
    sets = rest[0];
    rest = rest.subspan(1);
  }
}

// Takes the next unit from `rest`; empty when it has no bytes.
Bytes H264Order::NextUnit(Bytes& rest) const {
  if (length_bytes_ > 0) {
    std::size_t size = 0;
    const std::size_t head = std::min(length_bytes_, rest.size());
    for (std::size_t i = 0; i < head; ++i) size = size << 8 | rest[i];
    const Bytes unit = rest.subspan(head, std::min(size, rest.size() - head));
    rest = rest.subspan(head + unit.size());
    return unit;
  }
  using std::string_view_literals::operator""sv;
  constexpr std::string_view kStart = "\0\0\1"sv;
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
  const std::size_t start = text.find(kStart);
  if (start == std::string_view::npos) return rest = {};
  const std::size_t begin = start + kStart.size();
  const std::size_t end = std::min(text.find(kStart, begin), text.size());
  const Bytes unit = rest.subspan(begin, end - begin);
  rest = rest.subspan(end);
  return unit;
}

H264Order::Sequence H264Order::Take(Bytes packet) {
  is_new_beginning_ = is_reference_ = false;
  recovery_count_ = 0;
  slices_ = bipredicted_ = 0;
  for (Bytes rest = packet; !rest.empty();) {
    const Sequence sequence = TakeUnit(NextUnit(rest));
    if (sequence == Sequence::kWhole) continue;
    if (sequence == Sequence::kGap) Forget();
    return sequence;
  }
  return Sequence::kWhole;
}

H264Order::Sequence H264Order::TakeUnit(Bytes unit) {
  if (unit.empty()) return Sequence::kWhole;
  switch (unit[0] & 31u) {
    case kMessages:
      TakeMessages(unit);
      break;
    case kSequenceSet:
      TakeSequenceSet(unit);
      break;
    case kPictureSet:
      TakePictureSet(unit);
      break;
    case kSlice:
    case kPartitionA:
    case kIdrSlice:
      return TakeSlice(unit);
    default:
      break;
  }
  return Sequence::kWhole;
}

// 7.3.2.3.1: types and sizes are sums of bytes, of which all but the last are 255.
void H264Order::TakeMessages(Bytes unit) {
  constexpr std::uint32_t kRecoveryPoint = 6;
  constexpr std::uint32_t kMostRecovery = (1u << 16) - 1;  // MaxFrameNum - 1
  Bits bits(unit);
  const auto take_sum = [&bits] {
    std::uint32_t sum = 0;
    std::uint32_t part = 255;
    while (part == 255 && !bits.ended()) sum += part = bits.Take(8);
    return sum;
  };
  while (!bits.ended()) {
    const std::uint32_t type = take_sum();
    const std::uint32_t size = take_sum();
    if (type == kRecoveryPoint && size > 0) {
      const std::uint32_t count = bits.TakeUnsigned();
      if (!bits.ended() && count <= kMostRecovery) recovery_count_ = count;
      return;
    }
    for (std::uint32_t i = 0; i < size && !bits.ended(); ++i) bits.Take(8);
  }
}

// 7.3.2.1.1.
void H264Order::TakeSequenceSet(Bytes unit) {
  Bits bits(unit);
  const std::uint32_t profile = bits.Take(8);
  bits.Take(8 + 8);  // constraints, level
  const std::uint32_t id = bits.TakeUnsigned();
  if (id >= sequence_sets_.size()) return;
  Numbers numbers;
  if (IsHighProfile(profile)) {
    const std::uint32_t chroma = bits.TakeUnsigned();
    if (chroma == 3) numbers.has_planes = bits.Take(1) != 0;
    bits.TakeUnsigned();  // bits of luma, of chroma
    bits.TakeUnsigned();
    bits.Take(1);
    if (bits.Take(1) != 0) PassScalingLists(bits, chroma == 3 ? 12 : 8);
  }
  const std::uint32_t more_bits = bits.TakeUnsigned();
  const std::uint32_t order = bits.TakeUnsigned();
  if (order == 0) {
    bits.TakeUnsigned();
  } else if (order == 1) {
    bits.Take(1);
    bits.TakeSigned();
    bits.TakeSigned();
    const std::uint32_t offsets = std::min(bits.TakeUnsigned(), 255u);
    for (std::uint32_t i = 0; i < offsets; ++i) bits.TakeSigned();
  }
  bits.TakeUnsigned();  // reference frames
  numbers.may_have_gaps = bits.Take(1) != 0;
  numbers.bits = bits.ended() || more_bits > 12 ? 0 : more_bits + 4;
  sequence_sets_[id] = numbers;
}

void H264Order::TakePictureSet(Bytes unit) {
  Bits bits(unit);
  const std::uint32_t id = bits.TakeUnsigned();
  const std::uint32_t sequence_set = bits.TakeUnsigned();
  if (id >= sequence_set_of_.size() || sequence_set >= sequence_sets_.size()) return;
  sequence_set_of_[id] = static_cast<std::uint8_t>(sequence_set);
}

// 7.3.3 and 7.4.3: a picture has the number of the reference picture before it, or the next one.
H264Order::Sequence H264Order::TakeSlice(Bytes unit) {
  Bits bits(unit);
  bits.TakeUnsigned();                                       // its first macroblock
  const bool is_bipredicted = bits.TakeUnsigned() % 5 == 1;  // its type, table 7-6
  ++slices_;
  bipredicted_ += is_bipredicted ? 1 : 0;
  is_new_beginning_ |= (unit[0] & 31u) == kIdrSlice;
  is_reference_ |= (unit[0] >> 5 & 3u) != 0;
  const std::uint32_t picture_set = bits.TakeUnsigned();
  if (picture_set >= sequence_set_of_.size()) return Sequence::kWhole;
  const Numbers& numbers = sequence_sets_[sequence_set_of_[picture_set]];
  if (numbers.has_planes) bits.Take(2);
  const std::uint32_t number = bits.Take(numbers.bits);
  // The decoder finds what is wrong with such a slice.
  if (numbers.bits == 0 || bits.ended()) return Sequence::kWhole;
  const std::optional<std::uint32_t> before = last_;
  if (is_reference_) last_ = number;
  if ((unit[0] & 31u) == kIdrSlice || !before || numbers.may_have_gaps) return Sequence::kWhole;
  const std::uint32_t next = (*before + 1) % (1u << numbers.bits);
  if (number == *before || number == next) return Sequence::kWhole;
  return number <= 1 ? Sequence::kGapUnless : Sequence::kGap;
}

}  // namespace sampleproc::video
