#include "json/utf8.h"

#include <cstdint>
#include <cstring>

namespace sampleproc::json {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

bool Within(unsigned char byte, unsigned char low, unsigned char high) {
  return byte >= low && byte <= high;
}

std::size_t SkipAscii(std::string_view text, std::size_t at) {
  while (text.size() - at >= 16) {
    std::uint64_t words[2];
    std::memcpy(words, text.data() + at, sizeof words);
    if (((words[0] | words[1]) & kHighBits) != 0) break;
    at += sizeof words;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(0);
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (Within(first, 0xC2, 0xDF)) return Within(byte(1), 0x80, 0xBF) ? 2 : 0;
  if (Within(first, 0xE0, 0xEF)) {
    const unsigned char low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : 0xBF;
    return Within(byte(1), low, high) && Within(byte(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (Within(first, 0xF0, 0xF4)) {
    const unsigned char low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xF4 ? 0x8F : 0xBF;
    return Within(byte(1), low, high) && Within(byte(2), 0x80, 0xBF) && Within(byte(3), 0x80, 0xBF)
               ? 4
               : 0;
  }
  return 0;
}

std::size_t FindInvalidUtf8(std::string_view text) {
  for (std::size_t at = 0;;) {
    at = SkipAscii(text, at);
    if (at == text.size()) return std::string_view::npos;
    const std::size_t length = Utf8SequenceLength(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
}

}  // namespace sampleproc::json
