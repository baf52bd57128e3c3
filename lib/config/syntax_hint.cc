#include "config/syntax_hint.h"

#include <algorithm>
#include <utility>

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
  // Of another base, cut off or with a digit that it has not.
  if (value.front() == '0' && value.size() > 1 && std::string_view("xob").contains(value[1])) {
    return false;
  }
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

// What is meant where the reader has said what is wrong.
std::string HintOf(std::string_view said) {
  if (said.contains("leading zeroes")) return "write the number without leading zeros";
  if (said.contains("unknown escape sequence")) {
    return "in \"...\" a backslash begins an escape; write \\\\ for one, or the text in '...'";
  }
  if (said.contains("cannot redefine existing") && !said.contains("table")) {
    return "a key stands once in its section";
  }
  if (said.contains("cannot redefine existing table")) {
    return "a section stands once in a file; move these keys below its first line";
  }
  return "";
}

// What is wrong with `value`, the right side of a line that cannot be read.
std::string ValueHint(std::string_view value) {
  for (const std::string_view word : {"true", "false"}) {
    if (value != word && base::Lowercase(value) == word) return "write " + std::string(word);
  }
  if (value.empty()) return "a key needs a value; leave the line out for the default";
  if (value.front() == '=') return "one = stands between key and value";
  if (IsOpenString(value)) {
    return std::string("a string ends on its line, with the mark it began with: ") + value.front();
  }
  if (value.front() == '[') {
    const std::size_t first = value.find_first_not_of("[ \t");
    if (first != value.npos && IsLetter(value[first])) {
      return "text stands in quotes, in lists too: key = [\"text\", \"text\"]";
    }
    return "a list is [ ... ] with commas between its elements";
  }
  const std::string_view behind_text = value.substr(value.find_last_of("\"'") + 1);
  if (behind_text.contains(" //")) return "a comment begins with #";
  if (value.ends_with(';')) return "a line has no ; at its end";
  if (IsLetter(value.front()) && value.contains(',')) {
    return "several texts are a list: key = [\"text\", \"text\"]";
  }
  for (const auto& [theirs, ours] : {std::pair{"yes", "true"}, std::pair{"on", "true"},
                                     std::pair{"no", "false"}, std::pair{"off", "false"}}) {
    if (base::Lowercase(value) == theirs) {
      return std::string("write ") + ours + ", or in quotes if it is a text";
    }
  }
  return IsBareText(value) ? "text stands in quotes: key = \"text\"" : "";
}

// What is wrong with a line that begins a section.
std::string SectionHint(std::string_view line) {
  line = base::TrimBlanks(line.substr(0, line.find('#')));
  if (line.ends_with(']') && !line.contains('"') && !line.contains('\'') && !line.contains("..")) {
    const bool is_bare = std::ranges::all_of(
        line, [](char c) { return base::IsAlnum(c) || std::string_view("[]._-").contains(c); });
    if (!is_bare) {
      return "a name with blanks or signs in it stands in quotes: [camera.\"front door\"]";
    }
  }
  return "a section is [name], alone on its line";
}

}  // namespace

std::string SyntaxHint(std::string_view text, std::uint32_t number, std::string_view said) {
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
  if (std::string hint = HintOf(said); !hint.empty()) return hint;
  const std::size_t equals = line.find('=');
  if (equals == line.npos) {
    if (line.starts_with('[')) return SectionHint(line);
    if (line.find(':') != line.npos) {
      return "this looks like YAML; the configuration is TOML: key = value";
    }
    return line.empty() ? "" : "a line is key = value, [section] or # comment";
  }
  return ValueHint(base::TrimBlanks(line.substr(equals + 1)));
}

}  // namespace sampleproc::config
