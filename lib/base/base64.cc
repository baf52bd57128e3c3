#include "base/base64.h"

#include <array>
#include <bit>
#include <cstring>
#include <string_view>

namespace sampleproc::base {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Above the 24 bits that four characters come to.
constexpr std::uint32_t kBad = std::uint32_t{1} << 31;

// Table i holds each character's six bits where character i of a group of four puts them.
using Table = std::array<std::uint32_t, 256>;

constexpr Table MakeTable(int shift) {
  Table table{};
  table.fill(kBad);
  for (std::size_t value = 0; value < kAlphabet.size(); ++value) {
    table[static_cast<unsigned char>(kAlphabet[value])] = static_cast<std::uint32_t>(value)
                                                          << shift;
  }
  return table;
}

constexpr Table kFirst = MakeTable(18);
constexpr Table kSecond = MakeTable(12);
constexpr Table kThird = MakeTable(6);
constexpr Table kFourth = MakeTable(0);

std::uint32_t DecodeFour(const std::uint8_t* from) {
  return kFirst[from[0]] | kSecond[from[1]] | kThird[from[2]] | kFourth[from[3]];
}

std::unexpected<Base64Error> BadCharacter(std::span<const std::uint8_t> text, std::size_t at) {
  while (kFourth[text[at]] != kBad) ++at;
  return std::unexpected(Base64Error{Base64Error::Kind::kCharacter, at});
}

}  // namespace

std::expected<std::size_t, Base64Error> DecodeBase64InPlace(std::span<std::uint8_t> text) {
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t characters = text.size() - padding;

  // A plain pointer, because a checked span costs a comparison for each character.
  std::uint8_t* const place = text.data();

  // Bytes are written behind the characters read, so nothing unread is overwritten. The store of
  // eight bytes, two of them void, ends where the eight characters just read end or before.
  std::size_t in = 0;
  std::size_t out = 0;
  for (; characters - in >= 8; in += 8, out += 6) {
    const std::uint32_t high = DecodeFour(place + in);
    const std::uint32_t low = DecodeFour(place + in + 4);
    if (((high | low) & kBad) != 0) return BadCharacter(text, in);
    std::uint64_t bytes = (std::uint64_t{high} << 40) | (std::uint64_t{low} << 16);
    if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
    std::memcpy(place + out, &bytes, sizeof bytes);
  }
  if (characters - in >= 4) {
    const std::uint32_t group = DecodeFour(place + in);
    if ((group & kBad) != 0) return BadCharacter(text, in);
    text[out] = static_cast<std::uint8_t>(group >> 16);
    text[out + 1] = static_cast<std::uint8_t>(group >> 8);
    text[out + 2] = static_cast<std::uint8_t>(group);
    in += 4;
    out += 3;
  }

  std::uint32_t bits = 0;
  for (std::size_t at = in; at < characters; ++at) {
    if (kFourth[text[at]] == kBad) return BadCharacter(text, at);
    bits = (bits << 6) | kFourth[text[at]];
  }
  if (text.size() % 4 != 0) {
    return std::unexpected(Base64Error{Base64Error::Kind::kLength, text.size()});
  }
  const std::size_t left = characters - in;  // 0, 2 or 3, because padding is at most 2
  if (left == 0) return out;
  const std::uint32_t unused_bits = left == 2 ? 0xF : 0x3;
  if ((bits & unused_bits) != 0) {
    return std::unexpected(Base64Error{Base64Error::Kind::kPadBits, characters - 1});
  }
  bits <<= left == 2 ? 12 : 6;
  text[out++] = static_cast<std::uint8_t>(bits >> 16);
  if (left == 3) text[out++] = static_cast<std::uint8_t>(bits >> 8);
  return out;
}

std::string DescribeBase64Error(const Base64Error& error) {
  const std::string place = std::to_string(error.offset);
  switch (error.kind) {
    case Base64Error::Kind::kCharacter:
      return "character " + place +
             " is not in the base64 alphabet (A-Z a-z 0-9 + /, with = only as padding)";
    case Base64Error::Kind::kLength:
      return "the length, " + place + ", is not a multiple of four; base64 must be padded with =";
    case Base64Error::Kind::kPadBits:
      return "character " + place + " carries bits that belong to no byte; they must be zero";
  }
  return "not base64";
}

}  // namespace sampleproc::base
