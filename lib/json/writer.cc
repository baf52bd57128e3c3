#include "json/writer.h"

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "json/utf8.h"

namespace sampleproc::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The letter of a two-character escape, or 0.
char ShortEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

template <typename T>
void AppendNumber(T value, std::string& out) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

}  // namespace

void AppendQuoted(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && IsPlain(text[end])) ++end;
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) break;

    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      const std::size_t length = Utf8SequenceLength(text.substr(at));
      out.append(length == 0 ? kReplacement : text.substr(at, length));
      at += length == 0 ? 1 : length;
      continue;
    }
    if (const char letter = ShortEscape(text[at]); letter != 0) {
      out += '\\';
      out += letter;
    } else {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    ++at;
  }
  out += '"';
}

std::size_t QuotedSize(std::string_view text) {
  std::size_t size = text.size() + 2;
  for (const char c : text) {
    if (ShortEscape(c) != 0) {
      size += 1;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      size += 5;
    }
  }
  return size;
}

double RoundTo(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  const double scaled = value * scale;
  if (!(std::abs(scaled) < 9e15)) return value;  // it has no such decimals
  return std::round(scaled) / scale;
}

void JsonWriter::BeforeValue() {
  if (after_key_) {
    after_key_ = false;
  } else if (!has_entries_.empty()) {
    if (has_entries_.back()) out_ += ',';
    has_entries_.back() = true;
  }
}

void JsonWriter::Open(char bracket) {
  BeforeValue();
  out_ += bracket;
  has_entries_.push_back(false);
}

void JsonWriter::Close(char bracket) {
  out_ += bracket;
  has_entries_.pop_back();
}

void JsonWriter::Key(std::string_view key) {
  BeforeValue();
  AppendQuoted(key, out_);
  out_ += ':';
  after_key_ = true;
}

void JsonWriter::String(std::string_view text) {
  BeforeValue();
  AppendQuoted(text, out_);
}

void JsonWriter::Bool(bool value) { Raw(value ? "true" : "false"); }

void JsonWriter::Null() { Raw("null"); }

void JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  out_ += json;
}

void JsonWriter::Double(double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("JSON has no number that is not finite");
  BeforeValue();
  AppendNumber(value == 0 ? 0.0 : value, out_);  // no "-0"
}

void JsonWriter::Signed(std::int64_t value) {
  BeforeValue();
  AppendNumber(value, out_);
}

void JsonWriter::Unsigned(std::uint64_t value) {
  BeforeValue();
  AppendNumber(value, out_);
}

}  // namespace sampleproc::json
