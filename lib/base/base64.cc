#include "base/base64.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "base/ascii.h"

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
  return std::unexpected(
      Base64Error{Base64Error::Kind::kCharacter, at, static_cast<char>(text[at])});
}

#if defined(__x86_64__)

// Sixteen entries, for a byte shuffle that looks a nibble up in them.
using NibbleTable = std::array<std::uint8_t, 16>;

// A character is of the alphabet when the entries of its two nibbles share a bit: each high nibble
// has a bit of its own, and the entry of a low nibble has those of the high nibbles it goes with.
constexpr NibbleTable kByLowNibble = [] {
  NibbleTable table{};
  for (const char c : kAlphabet) {
    table[static_cast<std::size_t>(c & 15)] |= static_cast<std::uint8_t>(1 << (c >> 4));
  }
  return table;
}();
constexpr NibbleTable kByHighNibble = [] {
  NibbleTable table{};
  for (std::size_t high = 0; high < 8; ++high) table[high] = static_cast<std::uint8_t>(1 << high);
  return table;
}();

// What to add to a character to get its place in the alphabet: one number for each high nibble, but
// for '/', whose high nibble is that of '+'. It uses the entry below, which no character has.
constexpr NibbleTable kToPlace = [] {
  NibbleTable table{};
  for (std::size_t place = 0; place < kAlphabet.size(); ++place) {
    const std::size_t c = static_cast<unsigned char>(kAlphabet[place]);
    table[(c >> 4) - (c == '/' ? 1 : 0)] = static_cast<std::uint8_t>(place - c);
  }
  return table;
}();

[[gnu::target("avx2")]] __m256i Load(const NibbleTable& table) {
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

// Decodes blocks of 32 characters into 24 bytes for as long as all of a block are of the alphabet,
// and returns how many characters that were. The packing by two multiply-adds is that of Mula and
// Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM TWEB 12(3), 2018.
[[gnu::target("avx2")]] std::size_t DecodeBlocksAvx2(std::uint8_t* place, std::size_t characters) {
  // Within each half: the three low bytes of each 32-bit group, most significant first.
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                         2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i by_low = Load(kByLowNibble);
  const __m256i by_high = Load(kByHighNibble);
  const __m256i to_place = Load(kToPlace);
  const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
  std::size_t in = 0;
  // The store of 32 bytes, eight of them void, ends where the characters just read end or before.
  for (; characters - in >= 32; in += 32) {
    const __m256i c = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place + in));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(c, 4), _mm256_set1_epi8(15));
    // A byte above 127 shuffles to zero, which shares no bit.
    const __m256i shared =
        _mm256_and_si256(_mm256_shuffle_epi8(by_low, c), _mm256_shuffle_epi8(by_high, high));
    const __m256i invalid = _mm256_cmpeq_epi8(shared, _mm256_setzero_si256());
    if (_mm256_movemask_epi8(invalid) != 0) break;

    const __m256i is_slash = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('/'));  // -1 where it is
    const __m256i sextets =
        _mm256_add_epi8(c, _mm256_shuffle_epi8(to_place, _mm256_add_epi8(high, is_slash)));

    const __m256i pairs = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, order), join);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(place + in / 4 * 3), packed);
  }
  return in;
}

#endif

// Whether `text` ends as names of files do: base64 has no points.
bool IsNameOfFile(std::string_view text) {
  constexpr std::size_t kLongestName = 4096;
  constexpr std::size_t kLongestEnding = 5;
  const std::size_t point = text.rfind('.');
  if (text.size() > kLongestName || point == text.npos) return false;
  const std::string_view ending = text.substr(point + 1);
  return !ending.empty() && ending.size() <= kLongestEnding && std::ranges::all_of(ending, IsAlnum);
}

// What the character comes from, as far as it and `rest`, which begins with it, tell.
std::string HintFor(char character, std::string_view rest) {
  if (rest.starts_with("://")) {
    return "; this is a URL, and nothing is fetched from it: send the picture itself, in base64; "
           "only entries that the service pulls (frame_url) and cameras (camera.ID.url) name URLs";
  }
  if (IsNameOfFile(rest)) {
    return "; this is the name of a file, not what is in it: send its bytes, in base64 "
           "(base64 -w0 FILE)";
  }
  switch (character) {
    case '-':
    case '_':
      return "; this is the URL-safe alphabet: write + for - and / for _";
    case '\r':
    case '\n':
    case '\t':
      return "; it is a line break or a tab: send the base64 on one line (base64 -w0)";
    case ' ':
      return "; it is a space: send the base64 on one line (base64 -w0), and not through a form's "
             "decoding, which makes spaces of +";
    case ':':
    case ';':
    case ',':
      return "; of a data: URL send only what stands behind the comma";
    case '%':
      return "; it looks percent-encoded: send it as it is";
    case '=':
      return "; something follows the padding, such as a line break: end with the padding "
             "(base64 -w0 | tr -d '\\n')";
    case '\'':
    case '"':
      return "; it is a quotation mark: send the base64 alone (in Python: "
             "base64.b64encode(data).decode())";
    default:
      return "";
  }
}

// How many characters the vector unit of this machine has decoded, a multiple of four.
std::size_t DecodeBlocks(std::uint8_t* place, std::size_t characters) {
#if defined(__x86_64__)
  if (characters >= 32 && __builtin_cpu_supports("avx2"))
    return DecodeBlocksAvx2(place, characters);
#endif
  return 0;
}

// Everything but the vector blocks: from character `in` on, whose bytes go to `out`.
std::expected<std::size_t, Base64Error> DecodeFrom(std::span<std::uint8_t> text, std::size_t in,
                                                   std::size_t out) {
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t characters = text.size() - padding;

  // A plain pointer, because a checked span costs a comparison for each character.
  std::uint8_t* const place = text.data();

  // Bytes are written behind the characters read, so nothing unread is overwritten. The store of
  // eight bytes, two of them void, ends where the eight characters just read end or before.
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

}  // namespace

std::string EncodeBase64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < have ? bytes[at + i] : 0U);
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= have ? kAlphabet[bits >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return text;
}

std::expected<std::size_t, Base64Error> DecodeBase64InPlace(std::span<std::uint8_t> text) {
  // Padding is not of the alphabet, so it ends the blocks.
  const std::size_t in = DecodeBlocks(text.data(), text.size());
  return DecodeFrom(text, in, in / 4 * 3);
}

std::expected<std::size_t, Base64Error> DecodeBase64InPlaceScalar(std::span<std::uint8_t> text) {
  return DecodeFrom(text, 0, 0);
}

std::string DescribeBase64Error(const Base64Error& error, std::string_view text) {
  const std::string place = std::to_string(error.offset);
  switch (error.kind) {
    case Base64Error::Kind::kCharacter:
      return "character " + place +
             " is not in the base64 alphabet (A-Z a-z 0-9 + /, with = only as padding)" +
             HintFor(error.character, text.substr(std::min(error.offset, text.size())));
    case Base64Error::Kind::kLength:
      return "the length, " + place + ", is not a multiple of four; base64 must be padded with =";
    case Base64Error::Kind::kPadBits:
      return "character " + place + " carries bits that belong to no byte; they must be zero";
  }
  return "not base64";
}

}  // namespace sampleproc::base
