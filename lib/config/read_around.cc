#include "config/read_around.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

#include "base/ascii.h"

namespace sampleproc::config {
namespace {

bool OpensSection(std::string_view text, std::size_t at) {
  const std::size_t first = text.find_first_not_of(" \t", at);
  return first != std::string_view::npos && text[first] == '[';
}

// Blanks the line that `number` names; when it opens a section, what stands in that section too, or
// its keys would be taken for the section's before it.
void Blank(std::string& text, std::uint32_t number) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < number; ++line) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return;
    ++begin;
  }
  std::size_t end = std::min(text.find('\n', begin), text.size());
  if (OpensSection(text, begin)) {
    while (end < text.size() && !OpensSection(text, end + 1)) {
      end = std::min(text.find('\n', end + 1), text.size());
    }
  }
  std::replace_if(
      text.begin() + static_cast<std::ptrdiff_t>(begin),
      text.begin() + static_cast<std::ptrdiff_t>(end), [](char c) { return c != '\n'; }, ' ');
}

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return base::TrimBlanks(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
}

// The paths of keys in lines of `whole` that `read` has no more.
std::vector<std::string> Lost(std::string_view whole, std::string_view read) {
  std::vector<std::string> lost;
  std::string section;
  while (!whole.empty()) {
    const std::string_view line = TakeLine(whole);
    const bool is_read = TakeLine(read) == line;
    if (line.starts_with('[')) {
      section = base::TrimBlanks(line.substr(1, line.rfind(']') - 1));
    } else if (!is_read) {
      const std::string_view name = base::TrimBlanks(line.substr(0, line.find_first_of("=:#")));
      if (!name.empty())
        lost.push_back(section.empty() ? std::string(name) : section + '.' + std::string(name));
    }
  }
  return lost;
}

}  // namespace

Around ReadAround(const std::string& whole, SyntaxError error) {
  constexpr int kMostMistakes = 10;
  const std::uint32_t first_line = error.place.line;
  std::string text = whole;
  std::uint32_t last_line = 0;
  for (int i = 0; i < kMostMistakes && error.place.line > last_line; ++i) {
    last_line = error.place.line;
    Blank(text, last_line);
    std::expected<Table, SyntaxError> table = ReadToml(text);
    if (table) return {*std::move(table), Lost(whole, text)};
    error = table.error();
  }
  std::size_t end = 0;
  for (std::uint32_t line = 1; line < first_line && end < whole.size(); ++line) {
    end = std::min(whole.find('\n', end), whole.size() - 1) + 1;
  }
  const std::string before = whole.substr(0, end);
  return {ReadToml(before).value_or(Table{}), Lost(whole, before)};
}

}  // namespace sampleproc::config
