#include "config/print.h"

#include <algorithm>
#include <set>

namespace sampleproc::config {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[1;33m";
constexpr std::string_view kGreen = "\x1b[1;32m";
constexpr std::string_view kReset = "\x1b[0m";

std::string Painted(std::string_view text, std::string_view paint, bool colour) {
  return colour ? std::string(paint) + std::string(text) + std::string(kReset) : std::string(text);
}

// One character for each character of the line, so that columns still fit: what is not printable
// ASCII becomes '?', a tab a blank.
std::string Flattened(std::string_view line) {
  std::string flat;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0u) == 0x80u) continue;  // the rest of a UTF-8 character
    flat += c == '\t' ? ' ' : c >= ' ' && c <= '~' ? c : '?';
  }
  return flat;
}

}  // namespace

std::string Where(const Origin& origin) {
  switch (origin.kind) {
    case Origin::Kind::kFile:
      if (origin.place.line == 0) return origin.name;
      return origin.name + ":" + std::to_string(origin.place.line) + ":" +
             std::to_string(origin.place.column);
    case Origin::Kind::kEnvironment:
      return "environment " + origin.name;
    case Origin::Kind::kFlag:
      return origin.name;
    case Origin::Kind::kDefault:
      return "defaults";
  }
  return {};
}

namespace {

// The line and a caret below the place, cut to a window around it when the line is long.
std::string Excerpt(const Diagnostic& diagnostic, bool colour) {
  constexpr std::size_t kWidth = 90;
  const Place& place = diagnostic.origin.place;
  if (diagnostic.source_line.empty() || place.line == 0) return {};
  std::string line = Flattened(diagnostic.source_line);
  std::size_t column =
      std::min<std::size_t>(std::max<std::uint32_t>(place.column, 1) - 1, line.size());
  if (line.size() > kWidth) {
    const std::size_t start = column > kWidth / 2 ? column - kWidth / 2 : 0;
    line = line.substr(start, kWidth);
    column -= start;
  }
  const std::size_t room = line.size() > column ? line.size() - column : 1;
  const std::size_t length = std::clamp<std::size_t>(place.length, 1, room);
  const std::string number = std::to_string(place.line);
  const std::string gutter(std::max<std::size_t>(5, number.size()), ' ');
  const std::string marks = "^" + std::string(length - 1, '~');
  return gutter.substr(number.size()) + number + " | " + line + "\n" + gutter + " | " +
         std::string(column, ' ') + Painted(marks, kGreen, colour) + "\n";
}

std::string Plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

std::string FormatDiagnostic(const Diagnostic& diagnostic, bool colour) {
  const bool error = diagnostic.severity == Severity::kError;
  std::string text = Painted(Where(diagnostic.origin) + ":", kBold, colour) + " ";
  text += Painted(error ? "error:" : "warning:", error ? kRed : kYellow, colour) + " ";
  if (!diagnostic.key.empty()) text += diagnostic.key + ": ";
  text += diagnostic.message + " [" + std::string(diagnostic.code) + "]\n";
  text += Excerpt(diagnostic, colour);
  if (!diagnostic.hint.empty()) text += "  hint: " + diagnostic.hint + "\n";
  return text;
}

std::string DescribeSources(const Loaded& loaded) {
  std::set<std::string> variables;
  std::set<std::string> flags;
  for (const auto& [path, origin] : loaded.origins) {
    if (origin.kind == Origin::Kind::kEnvironment) variables.insert(origin.name);
    if (origin.kind == Origin::Kind::kFlag) flags.insert(origin.name);
  }
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!text.empty()) text += ", ";
    text += part;
  };
  for (const std::string& file : loaded.files) add(file);
  if (!variables.empty()) add(Plural(variables.size(), "environment variable"));
  if (!flags.empty()) add(Plural(flags.size(), "flag"));
  return text.empty() ? "built-in defaults" : text;
}

}  // namespace sampleproc::config
