#include "telemetry/log_line.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace sampleproc::telemetry {
namespace {

// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629), 0 when there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&byte](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void AppendEscapedControl(unsigned char byte, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\t') {
    out += "\\t";
  } else if (byte == '\r') {
    out += "\\r";
  } else {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

// Quoted as a JSON string; logfmt readers take the same escapes.
void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) {
      AppendEscapedControl(static_cast<unsigned char>(text[1]),
                           out);  // C1 controls steer terminals
    } else if (length > 1) {
      out += text.substr(0, length);
    } else if (byte < 0x20 || byte == 0x7F) {
      AppendEscapedControl(byte, out);
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.front();
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool IsPlainWord(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

template <typename Number>
void AppendNumber(Number number, std::string& out) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc()) out.append(text.data(), end);
}

void AppendValue(const base::LogField& field, bool bare_words, std::string& out) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (bare_words && IsPlainWord(*text)) {
      out += *text;
    } else {
      AppendQuoted(*text, out);
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
    AppendNumber(*integer, out);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    if (std::isfinite(*real)) {
      AppendNumber(*real, out);
    } else {
      out += "null";
    }
  } else {
    out += std::get<bool>(field.value) ? "true" : "false";
  }
}

void AppendJsonMember(const base::LogField& field, std::string& out) {
  out += out.size() == 1 ? "" : ",";
  AppendQuoted(field.name, out);
  out += ':';
  AppendValue(field, false, out);
}

void AppendPair(const base::LogField& field, std::string& out) {
  if (!out.empty()) out += ' ';
  for (const char c : field.name) {
    out += c > ' ' && c <= '~' && c != '"' && c != '=' ? c : '_';
  }
  out += '=';
  AppendValue(field, true, out);
}

}  // namespace

std::string_view LevelName(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::kDebug:
      return "debug";
    case base::LogLevel::kInfo:
      return "info";
    case base::LogLevel::kWarning:
      return "warning";
    case base::LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string JsonLine(const LineParts& parts, base::LogFields fields) {
  std::string line = "{";
  if (!parts.timestamp.empty()) AppendJsonMember({"ts", parts.timestamp}, line);
  AppendJsonMember({"level", LevelName(parts.level)}, line);
  AppendJsonMember({"msg", parts.message}, line);
  AppendJsonMember({"service", parts.service}, line);
  for (const base::LogField& field : fields) AppendJsonMember(field, line);
  return line + "}";
}

std::string LogfmtLine(const LineParts& parts, base::LogFields fields) {
  std::string line;
  if (!parts.timestamp.empty()) AppendPair({"ts", parts.timestamp}, line);
  AppendPair({"level", LevelName(parts.level)}, line);
  line += " msg=";
  AppendQuoted(parts.message, line);
  AppendPair({"service", parts.service}, line);
  for (const base::LogField& field : fields) AppendPair(field, line);
  return line;
}

}  // namespace sampleproc::telemetry
