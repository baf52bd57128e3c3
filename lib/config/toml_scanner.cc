#include "config/toml_scanner.h"

#include <string>
#include <vector>

namespace sampleproc::config {

TomlScanner::Passed TomlScanner::Next() {
  const char c = text_[at_];
  if (c == '#') {
    while (!AtEnd() && text_[at_] != '\n') Step();
    return Passed::kComment;
  }
  if (c != '"' && c != '\'') {
    Step();
    return Passed::kCharacter;
  }
  if (OpensLines(c)) return PassLines(c) ? Passed::kString : Passed::kOpenString;
  PassOneLine(c);
  return Passed::kString;
}

bool TomlScanner::OpensLines(char quote) const {
  return text_.substr(at_, 3) == std::string(3, quote);
}

void TomlScanner::Step() {
  const auto byte = static_cast<unsigned char>(text_[at_++]);
  if (byte == '\n') {
    ++line_;
    column_ = 1;
  } else if (AtEnd() || (static_cast<unsigned char>(text_[at_]) & 0xC0u) != 0x80u) {
    ++column_;
  }
}

bool TomlScanner::PassLines(char quote) {
  for (int i = 0; i < 3; ++i) Step();
  while (!AtEnd()) {
    if (OpensLines(quote)) {
      // Up to two more quotes belong to the string.
      for (int i = 0; i < 5 && Peek() == quote; ++i) Step();
      return true;
    }
    if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) Step();
    Step();
  }
  return false;
}

// Without its end on the line it is a mistake that the library finds right there.
void TomlScanner::PassOneLine(char quote) {
  Step();
  while (!AtEnd() && text_[at_] != '\n') {
    const char c = text_[at_];
    if (c == quote) {
      Step();
      break;
    }
    if (quote == '"' && c == '\\' && text_.substr(at_ + 1, 1) != "\n") Step();
    if (!AtEnd()) Step();
  }
}

namespace {

// Counts the levels of the place that a scanner is at. A dot in a number counts as one, too, which
// does no harm.
class Levels {
 public:
  std::size_t now() const { return now_; }

  void Add(char c) {
    switch (c) {
      case '\n':
        if (open_.empty()) EndLine();
        return;
      case '.':
        ++now_;
        return;
      case '[':
      case '{':
        if (begins_line_ || in_header_) return OpenHeader();
        open_.push_back(now_++);
        return;
      case ',':
        if (!open_.empty()) now_ = open_.back() + 1;
        return;
      case ']':
      case '}':
        if (open_.empty()) return;
        now_ = open_.back();
        open_.pop_back();
        return;
      case ' ':
      case '\t':
      case '\r':
        return;
      default:
        begins_line_ = false;
    }
  }

  void AddString() { begins_line_ = false; }

 private:
  void OpenHeader() {
    if (begins_line_) now_ = 0;
    begins_line_ = false;
    in_header_ = true;
    ++now_;
  }

  void EndLine() {
    if (in_header_) header_ = now_;
    now_ = header_ + 1;
    in_header_ = false;
    begins_line_ = true;
  }

  std::vector<std::size_t> open_;  // levels in front of each bracket that is open
  std::size_t header_ = 0;
  std::size_t now_ = 1;
  bool begins_line_ = true;
  bool in_header_ = false;
};

}  // namespace

std::optional<Place> FindTooDeep(std::string_view text) {
  TomlScanner scanner(text);
  Levels levels;
  while (!scanner.AtEnd()) {
    const Place place = scanner.place();
    const char c = scanner.Peek();
    switch (scanner.Next()) {
      case TomlScanner::Passed::kCharacter:
        levels.Add(c);
        if (levels.now() > kMostNested) return place;
        break;
      case TomlScanner::Passed::kString:
        levels.AddString();
        break;
      default:
        break;
    }
  }
  return std::nullopt;
}

}  // namespace sampleproc::config
