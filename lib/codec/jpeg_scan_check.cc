#include "codec/jpeg_scan_check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <list>
#include <string>
#include <utility>
#include <vector>

namespace sampleproc::codec {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::size_t kCoefficients = 64;

// A place of the zigzag order as one in rows.
constexpr std::array<std::uint8_t, kCoefficients> kRowOrder = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// Samples are at most 128 from the middle, and those of encoders that raise white so that its edges
// ring less, 31 more. The DCT keeps the sum of squares.
constexpr double kMostContrast = 8.0 * (128 + 31);

// What bits that begin with a code word mean. Small: the tables of a picture are to stay in the
// fastest cache.
struct Word {
  std::int16_t value = 0;
  std::uint8_t symbol = 0;
  std::uint8_t taken : 7 = 0;  // bits, with those of the value where that is known; 0: no code word
  bool has_value : 1 = false;
};
static_assert(sizeof(Word) == 4);

// A JPEG's numbers without a sign bit: the lower half of what `size` bits can say is negative.
std::int32_t Signed(std::uint32_t bits, unsigned size) {
  const auto is_low = static_cast<std::uint32_t>((std::uint32_t{1} << size >> 1) > bits);
  return static_cast<std::int32_t>(bits - (((std::uint32_t{1} << size) - 1) & (0 - is_low)));
}

class Decoder {
 public:
  explicit Decoder(const HuffmanTable& table) {
    unsigned code = 0;
    std::size_t next = 0;
    for (unsigned length = 1; length <= kLongest; ++length) {
      first_[length] = code;
      index_[length] = next;
      for (unsigned i = 0; i < table.counts[length] && next < symbols_.size(); ++i, ++code) {
        symbols_[next] = table.symbols[next];
        if (length <= kShort) AddShort(code, length, symbols_[next]);
        ++next;
      }
      count_[length] = code - first_[length];
      code <<= 1;
    }
  }

  Word Find(unsigned bits16) const {
    const Word known = short_[bits16 >> (kLongest - kShort)];
    if (known.taken != 0) [[likely]] {
      return known;
    }
    for (unsigned length = kShort + 1; length <= kLongest; ++length) {
      const unsigned code = bits16 >> (kLongest - length);
      if (code >= first_[length] && code - first_[length] < count_[length]) {
        Word word;
        word.symbol = symbols_[index_[length] + code - first_[length]];
        word.taken = static_cast<std::uint8_t>(length & 0x7f);
        return word;
      }
    }
    return {};
  }

 private:
  // For all that can follow the code word.
  void AddShort(unsigned code, unsigned length, std::uint8_t symbol) {
    const unsigned room = kShort - length;
    const unsigned size = symbol & 15u;
    for (unsigned behind = 0; behind < 1u << room; ++behind) {
      const std::size_t at = (std::size_t{code} << room) + behind;
      if (at >= short_.size()) return;
      Word& word = short_[at];
      word.symbol = symbol;
      word.has_value = size <= room;
      word.taken = static_cast<std::uint8_t>((length + (word.has_value ? size : 0)) & 0x7f);
      if (word.has_value) {
        word.value = static_cast<std::int16_t>(Signed(behind >> (room - size), size));
      }
    }
  }

  static constexpr unsigned kShort = 9;
  static constexpr unsigned kLongest = 16;
  std::array<Word, std::size_t{1} << kShort> short_;
  std::array<std::uint8_t, 256> symbols_{};
  std::array<unsigned, kLongest + 1> first_{};
  std::array<unsigned, kLongest + 1> count_{};
  std::array<std::size_t, kLongest + 1> index_{};
};

// The bits up to the next marker, without stuffed zeros; ones behind them, as an encoder pads.
class Bits {
 public:
  explicit Bits(base::ByteView data) : data_(data) {}

  // A code word's 16 bits, behind which 16 more are held.
  unsigned Peek16() {
    if (held_ < 32) Refill();
    return static_cast<unsigned>(word_ >> (held_ - 16)) & 0xffffu;
  }
  void Skip(unsigned count) { held_ -= count; }
  unsigned Take(unsigned count) {  // at most 16, behind Peek16 and Skip
    held_ -= count;
    return static_cast<unsigned>(word_ >> held_) & ((1u << count) - 1);
  }

  // More were taken than there are.
  bool IsSpent() const { return made_up_ > held_; }
  bool HasWholeByte() {
    Peek16();
    return held_ - std::min(held_, made_up_) >= 8;
  }
  bool IsPadding() const {  // what is left, less than a byte
    const unsigned left = held_ - std::min(held_, made_up_);
    const std::uint64_t mask = (std::uint64_t{1} << left) - 1;
    const std::uint64_t rest = word_ >> (held_ - left) & mask;
    return rest == 0 || rest == mask;
  }

  // To behind the next marker, if that is a restart marker.
  bool Restart() {
    while (!ended_) {
      held_ = 0;
      Refill();
    }
    while (at_ < data_.size() && data_[at_] == 0xff) ++at_;
    if (at_ >= data_.size() || (data_[at_] & 0xf8) != 0xd0) return false;
    ++at_;
    held_ = made_up_ = 0;
    ended_ = false;
    return true;
  }

 private:
  // To 32 bits or more.
  void Refill() {
    if (data_.size() - at_ >= sizeof(std::uint32_t) && !ended_) [[likely]] {
      std::uint32_t four = 0;
      std::memcpy(&four, data_.data() + at_, sizeof four);
      // Whether none of them is FF: one more would carry into the byte above it.
      if ((((four & 0x7f7f7f7fu) + 0x01010101u) & four & 0x80808080u) == 0) [[likely]] {
        if constexpr (std::endian::native == std::endian::little) four = std::byteswap(four);
        word_ = word_ << 32 | four;
        held_ += 32;
        at_ += sizeof four;
        return;
      }
    }
    while (held_ < 32) AddByte();
  }

  void AddByte() {
    std::uint8_t byte = 0xff;
    if (!ended_ && at_ < data_.size() && data_[at_] != 0xff) {
      byte = data_[at_++];
    } else if (!ended_ && at_ + 1 < data_.size() && data_[at_ + 1] == 0) {
      at_ += 2;
    } else {
      ended_ = true;
      made_up_ += 8;
    }
    word_ = word_ << 8 | byte;
    held_ += 8;
  }

  base::ByteView data_;
  std::size_t at_ = 0;
  std::uint64_t word_ = 0;
  unsigned held_ = 0;     // bits of word_
  unsigned made_up_ = 0;  // of all that were held, behind the last
  bool ended_ = false;
};

struct Component {
  Component(const ScanComponent& from, const Decoder& dc_words, const Decoder& ac_words)
      : dc(&dc_words), ac(&ac_words), blocks(from.blocks) {
    for (std::size_t i = 0; i < kCoefficients; ++i) {
      steps[i] = from.steps[kRowOrder[i]];
      squares[i] = std::int64_t{steps[i]} * steps[i];
    }
  }
  const Decoder* dc;
  const Decoder* ac;
  // In zigzag order.
  std::array<std::uint16_t, kCoefficients> steps{};
  std::array<std::int64_t, kCoefficients> squares{};
  unsigned blocks = 1;
  std::int64_t last_dc = 0;
};

// One of each table: most components share theirs.
class Decoders {
 public:
  const Decoder& Of(const HuffmanTable& table) {
    for (const auto& [counts, decoder] : made_) {
      if (counts == table.counts.data()) return decoder;
    }
    return made_.emplace_back(table.counts.data(), Decoder(table)).second;
  }

 private:
  std::list<std::pair<const std::uint8_t*, Decoder>> made_;
};

enum class Block { kGood, kSpent, kNoCode, kTooLong, kTooMuchContrast };

Block ReadBlock(Bits& from, Component& component) {
  Bits bits = from;  // a copy of its own stays in registers
  const Word dc = component.dc->Find(bits.Peek16());
  if (dc.taken == 0 || dc.symbol > 15) return bits.IsSpent() ? Block::kSpent : Block::kNoCode;
  bits.Skip(dc.taken);
  component.last_dc += dc.has_value ? dc.value : Signed(bits.Take(dc.symbol), dc.symbol);
  const std::int64_t mean = component.last_dc * component.steps[0];
  std::uint64_t seen = 1;  // places of coefficients, the first of them the mean
  const Decoder& words = *component.ac;
  std::int64_t sum = 0;
  for (std::size_t k = 1; k < kCoefficients; ++k) {
    const Word ac = words.Find(bits.Peek16());
    if (ac.taken == 0) return bits.IsSpent() ? Block::kSpent : Block::kNoCode;
    const unsigned size = ac.symbol & 15u;
    const unsigned run = ac.symbol >> 4;
    bits.Skip(ac.taken);
    if (size == 0 && run != 15) break;
    std::int64_t value = ac.value;
    if (!ac.has_value) value = Signed(bits.Take(size), size);
    k += run;
    if (k >= kCoefficients) {
      if (bits.IsSpent()) return Block::kSpent;
      // Sixteen zeros that end a block are a waste, and no harm.
      if (size == 0) break;
      return Block::kTooLong;
    }
    sum += value * value * component.squares[k];
    seen |= std::uint64_t{1} << k;
  }
  from = bits;
  if (bits.IsSpent()) return Block::kSpent;
  const double contrast =
      static_cast<double>(sum) + static_cast<double>(mean) * static_cast<double>(mean);
  if (contrast <= kMostContrast * kMostContrast) [[likely]] {
    return Block::kGood;
  }
  // Rounding may have added to each.
  std::int64_t rounding = 0;
  for (; seen != 0; seen &= seen - 1) {
    rounding += component.squares[static_cast<std::size_t>(std::countr_zero(seen))];
  }
  const double most = kMostContrast + std::sqrt(static_cast<double>(rounding));
  return contrast <= most * most ? Block::kGood : Block::kTooMuchContrast;
}

Block ReadMcu(Bits& bits, std::vector<Component>& components) {
  Block mcu = Block::kGood;
  for (Component& component : components) {
    for (unsigned i = 0; i < component.blocks; ++i) {
      const Block read = ReadBlock(bits, component);
      if (read == Block::kGood) continue;
      mcu = read;
      if (read != Block::kTooMuchContrast) return read;
    }
  }
  return mcu;
}

// How many MCUs the bits up to the marker are; none when they are anything else.
std::uint64_t CountMore(Bits bits, std::vector<Component>& components) {
  std::uint64_t count = 0;
  while (bits.HasWholeByte()) {
    const Block read = ReadMcu(bits, components);
    if (read != Block::kGood && read != Block::kTooMuchContrast) return 0;
    ++count;
  }
  return bits.IsPadding() ? count : 0;
}

std::unexpected<base::Error> Corrupt(std::uint64_t mcu, const char* what) {
  return Fail(ErrorCode::kInvalidFrame,
              "the JPEG is corrupt: its block " + std::to_string(mcu) + what);
}

}  // namespace

base::Result<void> CheckScan(base::ByteView data, const ScanShape& shape,
                             const base::Allowance& allowance) {
  Decoders decoders;
  std::vector<Component> components;
  for (const ScanComponent& each : shape.components) {
    components.emplace_back(each, decoders.Of(each.dc), decoders.Of(each.ac));
  }
  Bits bits(data);
  const std::uint64_t interval = shape.restart_interval;
  for (std::uint64_t mcu = 0; mcu < shape.mcus; ++mcu) {
    if (mcu % shape.mcus_per_row == 0) {
      if (auto allowed = allowance.Check("decoding"); !allowed) return allowed;
    }
    switch (ReadMcu(bits, components)) {
      case Block::kGood:
        break;
      case Block::kTooLong:
        return Corrupt(mcu, " has more than 64 coefficients");
      case Block::kTooMuchContrast:
        return Corrupt(mcu, " has more contrast than black and white");
      case Block::kSpent:
      case Block::kNoCode:
        return {};  // the library's to judge
    }
    const bool is_last = mcu + 1 == shape.mcus;
    const bool ends_interval = interval != 0 && (mcu + 1) % interval == 0;
    if (!is_last && !ends_interval) continue;
    const std::uint64_t more = CountMore(bits, components);
    if (more > 0 && (!is_last || more % shape.mcus_per_row != 0)) {
      return Fail(ErrorCode::kInvalidFrame,
                  "the JPEG is corrupt: " + std::to_string(more) +
                      " blocks that belong before its last one follow behind it");
    }
    if (is_last || !bits.Restart()) return {};
    for (Component& component : components) component.last_dc = 0;
  }
  return {};
}

}  // namespace sampleproc::codec
