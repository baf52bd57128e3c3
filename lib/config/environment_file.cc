#include "config/environment_file.h"

#include <algorithm>

#include "net/redact.h"

namespace sampleproc::config {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view TrimLeft(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

std::string_view TrimRight(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

bool IsName(std::string_view name) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  if (name.empty() || kLetters.find(name.front()) == std::string_view::npos) return false;
  return std::ranges::all_of(name, [kLetters](char c) {
    return (c >= '0' && c <= '9') || kLetters.find(c) != std::string_view::npos;
  });
}

std::uint32_t Characters(std::string_view text) {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

// Reads one file, line by line.
class Reader {
 public:
  explicit Reader(const std::string& display) : display_(display) {}

  void ReadLine(std::string_view line, std::uint32_t number) {
    line_ = line;
    number_ = number;
    std::string_view rest = TrimLeft(line);
    if (rest.empty() || rest.front() == '#' || rest.front() == ';') return;
    if (rest.starts_with("export ") || rest.starts_with("export\t")) {
      rest = TrimLeft(rest.substr(7));
    }
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) {
      Report(Severity::kError, code::kVariableLine, rest, "a line without \"=\" sets nothing",
             "write NAME=VALUE, or # in front of a comment");
      return;
    }
    const std::string_view name = TrimRight(rest.substr(0, equals));
    if (!IsName(name)) {
      Report(Severity::kError, code::kVariableLine, name.empty() ? rest : name,
             "what stands before \"=\" is no name: letters, digits and _",
             "write NAME=VALUE, one a line");
      return;
    }
    ReadValue(std::string(name), TrimLeft(rest.substr(equals + 1)));
  }

  EnvironmentFile Take() { return std::move(file_); }

 private:
  void ReadValue(std::string name, std::string_view text) {
    if (text.starts_with('"') || text.starts_with('\'')) {
      ReadQuoted(std::move(name), text);
      return;
    }
    const std::size_t comment = std::min(text.find(" #"), text.find("\t#"));
    if (comment != std::string_view::npos) {
      Report(Severity::kWarning, code::kVariableComment, text.substr(comment + 1),
             "taken for a comment, as compose and shells do; docker run --env-file and systemd "
             "make it part of the value",
             "put the comment on a line of its own");
    }
    const std::string_view value = TrimRight(text.substr(0, comment));
    Set(std::move(name), std::string(value), PlaceOf(value.empty() ? text : value));
  }

  void ReadQuoted(std::string name, std::string_view text) {
    const char quote = text.front();
    std::string value;
    std::size_t at = 1;
    for (; at < text.size() && text[at] != quote; ++at) {
      // A backslash is one only between double quotes, and only before what needs it.
      if (quote == '"' && text[at] == '\\' && at + 1 < text.size() &&
          std::string_view("\"\\$`").find(text[at + 1]) != std::string_view::npos) {
        ++at;
      }
      value += text[at];
    }
    const std::string_view rest = at < text.size() ? TrimLeft(text.substr(at + 1)) : "";
    if (at == text.size() || (!rest.empty() && rest.front() != '#')) {
      Report(Severity::kError, code::kVariableLine, at == text.size() ? text : rest,
             at == text.size() ? "the quote is not closed on this line"
                               : "something follows the closing quote",
             "");
      return;
    }
    Set(std::move(name), std::move(value), PlaceOf(text.substr(0, at + 1)));
  }

  void Set(std::string name, std::string value, const Place& place) {
    FileVariable variable{std::move(name), std::move(value), place, net::RedactLine(line_)};
    const auto same = std::ranges::find(file_.variables, variable.name, &FileVariable::name);
    if (same == file_.variables.end()) {
      file_.variables.push_back(std::move(variable));
      return;
    }
    Report(Severity::kWarning, code::kVariableTwice, TrimLeft(line_),
           variable.name + " is set before, on line " + std::to_string(same->place.line) +
               "; the last one counts",
           "keep one of them");
    *same = std::move(variable);
  }

  // `part` is a part of the line.
  Place PlaceOf(std::string_view part) const {
    const auto offset = static_cast<std::size_t>(part.data() - line_.data());
    return {number_, Characters(line_.substr(0, offset)) + 1,
            std::max<std::uint32_t>(Characters(part), 1)};
  }

  void Report(Severity severity, std::string_view code, std::string_view part, std::string message,
              std::string hint) {
    file_.diagnostics.push_back({severity,
                                 code,
                                 {Origin::Kind::kFile, display_, PlaceOf(part)},
                                 "",
                                 std::move(message),
                                 std::move(hint),
                                 net::RedactLine(line_)});
  }

  const std::string display_;
  std::string_view line_;
  std::uint32_t number_ = 0;
  EnvironmentFile file_;
};

}  // namespace

EnvironmentFile ReadEnvironmentFile(std::string_view text, const std::string& display) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // editors' byte order mark
  Reader reader(display);
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    reader.ReadLine(line, number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.Take();
}

}  // namespace sampleproc::config
