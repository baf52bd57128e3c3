#include "config/syntax_hint.h"

#include <algorithm>

#include "base/ascii.h"

namespace sampleproc::config {
namespace {

bool IsLetter(char c) { return base::IsAlnum(c) && !(c >= '0' && c <= '9'); }

std::string_view Line(std::string_view text, std::uint32_t number) {
  for (; number > 1 && !text.empty(); --number) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return base::TrimBlanks(text);
}

// Quotation marks of word processors and web pages.
bool HasCurlyQuotes(std::string_view line) {
  for (const std::string_view quote : {"\u201C", "\u201D", "\u2018", "\u2019", "\u00AB"}) {
    if (line.find(quote) != line.npos) return true;
  }
  return false;
}

// Whether it is what stands in quotes in TOML: no number, boolean, list or table.
bool IsBareText(std::string_view value) {
  if (value.empty() || value == "true" || value == "false") return false;
  if (IsLetter(value.front()) || value.find_first_of("/~*`$") == 0) return true;
  // An address, a time of day, a number with a unit.
  return base::IsAlnum(value.front()) &&
         (value.find(':') != value.npos || std::ranges::count(value, '.') > 1 ||
          std::ranges::any_of(value, [](char c) { return IsLetter(c); }));
}

// Whether `value` begins a string that does not end on its line.
bool IsOpenString(std::string_view value) {
  return !value.empty() && (value.front() == '"' || value.front() == '\'') &&
         value.find(value.front(), 1) == value.npos;
}

// What is wrong with `value`, the right side of a line that cannot be read.
std::string ValueHint(std::string_view value) {
  for (const std::string_view word : {"true", "false"}) {
    if (value != word && base::Lowercase(value) == word) return "write " + std::string(word);
  }
  if (value.empty()) return "a key needs a value; leave the line out for the default";
  if (value.front() == '=') return "one = stands between key and value";
  if (value.size() > 1 && value.front() == '0' &&
      value.find_first_not_of("0123456789") == value.npos)
    return "write the number without leading zeros";
  if (IsOpenString(value)) {
    return std::string("a string ends on its line, with the mark it began with: ") + value.front();
  }
  if (value.front() == '[') return "a list is [ ... ] with commas between its elements";
  if (IsBareText(value)) return "text stands in quotes: key = \"text\"";
  if (value.front() == '"' && value.contains('\\')) {
    return "in \"...\" a backslash begins an escape; write \\\\ for one, or the text in '...'";
  }
  return "";
}

}  // namespace

std::string SyntaxHint(std::string_view text, std::uint32_t number) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{') {
    return "this looks like JSON; the configuration is TOML: a line [http], and below it port = "
           "8000";
  }
  const std::string_view line = Line(text, number);
  if (HasCurlyQuotes(line)) return "write straight quotation marks: \"";
  if (line.find("${") != line.npos) {
    return "variables are not put into the file; those that begin with SAMPLEPROC_ set keys by "
           "themselves";
  }
  if (line.starts_with("export ")) {
    return "this is of a shell: variables are set in the environment, or in an environment file";
  }
  const std::size_t equals = line.find('=');
  if (equals == line.npos) {
    if (line.starts_with('[')) return "a section is [name], alone on its line";
    if (line.find(':') != line.npos) {
      return "this looks like YAML; the configuration is TOML: key = value";
    }
    return line.empty() ? "" : "a line is key = value, [section] or # comment";
  }
  return ValueHint(base::TrimBlanks(line.substr(equals + 1)));
}

}  // namespace sampleproc::config
