#include "mqtt/names.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "json/utf8.h"

namespace sampleproc::mqtt {
namespace {

constexpr std::string_view kUpper = "0123456789ABCDEF";
constexpr std::string_view kLower = "0123456789abcdef";
constexpr std::size_t kLongestTopic = 256;

void AppendByte(char c, std::string_view digits, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  out += digits[byte >> 4u];
  out += digits[byte & 15u];
}

// The character of a well-formed sequence.
std::uint32_t CharacterOf(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first;
  std::uint32_t character = first & (0x7FU >> sequence.size());
  for (const char c : sequence.substr(1)) {
    character = character << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return character;
}

// What brokers may refuse (MQTT 3.1.1, section 1.5.3): control characters and what Unicode calls
// noncharacters.
bool MayBeInTopic(std::uint32_t character) {
  if (character < 0x20 || (character >= 0x7F && character < 0xA0)) return false;
  if (character >= 0xFDD0 && character <= 0xFDEF) return false;
  return (character & 0xFFFEU) != 0xFFFEU;
}

int DigitOf(char c) {
  const auto at = kLower.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

std::string TopicLevel(std::string_view text) {
  if (text.empty()) return "%";
  constexpr std::string_view kSpecial = "/+#$%";
  std::string level;
  while (!text.empty()) {
    const std::size_t size = json::Utf8SequenceLength(text);
    const std::string_view sequence = text.substr(0, size);
    if (size > 0 && kSpecial.find(text.front()) == std::string_view::npos &&
        MayBeInTopic(CharacterOf(sequence))) {
      level += sequence;
      text.remove_prefix(size);
      continue;
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(size, 1); ++i) {
      level += '%';
      AppendByte(text[i], kUpper, level);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return level;
}

std::string ClassLevel(std::string_view text) {
  if (text != "event" && text != "snapshot") return TopicLevel(text);
  std::string level = "%";
  AppendByte(text.front(), kUpper, level);
  return level + std::string(text.substr(1));
}

std::optional<std::string> ReadLevel(std::string_view level) {
  std::string text;
  for (std::size_t i = 0; i < level.size() && level != "%"; ++i) {
    if (level[i] != '%') {
      text += level[i];
      continue;
    }
    if (i + 2 >= level.size()) return std::nullopt;
    const auto high = kUpper.find(level[i + 1]);
    const auto low = kUpper.find(level[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (level != TopicLevel(text) && level != ClassLevel(text)) return std::nullopt;
  return text;
}

std::string IdOf(std::string_view text) {
  std::string id;
  for (const char c : text) {
    if (IsIdCharacter(c)) {
      id += c;
      continue;
    }
    id += '_';
    if (c == '_') {
      id += c;
    } else {
      AppendByte(c, kLower, id);
    }
  }
  return id;
}

std::optional<CameraAndClass> ReadIds(std::string_view id) {
  std::vector<std::string> parts(1);
  while (!id.empty()) {
    const char c = id.front();
    if (c != '_') {
      if (!IsIdCharacter(c)) return std::nullopt;
      parts.back() += c;
      id.remove_prefix(1);
      continue;
    }
    if (id.size() < 2) return std::nullopt;
    if (id[1] == '_') {
      parts.back() += '_';
      id.remove_prefix(2);
    } else if (id[1] == '-') {
      parts.emplace_back();
      id.remove_prefix(2);
    } else {
      if (id.size() < 3) return std::nullopt;
      const int high = DigitOf(id[1]);
      const int low = DigitOf(id[2]);
      if (high < 0 || low < 0) return std::nullopt;
      const char byte = static_cast<char>(high * 16 + low);
      if (IsIdCharacter(byte) || byte == '_') return std::nullopt;
      parts.back() += byte;
      id.remove_prefix(3);
    }
  }
  if (parts.size() > 2 || parts.front().empty() || parts.back().empty()) return std::nullopt;
  CameraAndClass read{std::move(parts.front()), std::nullopt};
  if (parts.size() == 2) read.class_name = std::move(parts.back());
  return read;
}

std::string WrongWithTopic(std::string_view topic) {
  if (topic.empty()) return "is empty";
  if (topic.size() > kLongestTopic) {
    return "is longer than " + std::to_string(kLongestTopic) + " bytes";
  }
  if (topic.find_first_of("+#") != std::string_view::npos) {
    return "has \"+\" or \"#\", which stand for other topics";
  }
  if (topic.front() == '$') return "begins with \"$\", as the broker's own topics do";
  if (topic.front() == '/' || topic.back() == '/' || topic.contains("//")) {
    return "has an empty level: it begins or ends with \"/\", or has two in a row";
  }
  while (!topic.empty()) {
    const std::size_t size = json::Utf8SequenceLength(topic);
    if (size == 0 || !MayBeInTopic(CharacterOf(topic.substr(0, size)))) {
      return "has control characters, or what is no UTF-8";
    }
    topic.remove_prefix(size);
  }
  return {};
}

}  // namespace sampleproc::mqtt
