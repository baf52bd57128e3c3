#include "apps/help.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "apps/option_info.h"
#include "config/version.h"

namespace sampleproc::apps {
namespace {

constexpr std::size_t kColumn = 28;  // where the right-hand column of a list starts

// "  left      right", the right side on a line of its own when the left is long.
std::string Item(const std::string& left, std::string_view right, std::size_t width) {
  std::string line = "  " + left;
  if (line.size() + 2 > kColumn) {
    line += "\n" + std::string(kColumn, ' ');
  } else {
    line.resize(kColumn, ' ');
  }
  return line + Wrapped(right, kColumn, width);
}

std::string ExamplesBlock(const std::vector<Example>& examples, std::size_t width) {
  std::string text = "\nExamples:\n";
  for (const Example& example : examples) {
    text += "  " + std::string(example.line) + "\n      " + Wrapped(example.says, 6, width);
  }
  return text;
}

}  // namespace

std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column > indent && column + 1 + end > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + "\n";
}

std::string MainHelp(const std::vector<Command>& commands, std::size_t width) {
  std::string text = "Usage: sampleproc COMMAND [OPTION]...\n\n";
  text += Wrapped(
      "Decodes camera frames, runs a detection pipeline on their pixels and returns the results.",
      0, width);
  text += "\nCommands:\n";
  for (const Command& command : commands) {
    text += Item(std::string(command.name), command.summary, width);
  }
  text += Item("help [COMMAND]", "Show this help, or that of a command", width);
  text += "\nOptions:\n";
  text += Item("-h, --help", "Show this help", width);
  text += Item("-V, --version", "Show the version; with --verbose what runs networks, too", width);
  text += "\n" + Wrapped(
                     "Settings come from flags, the environment and a file, in this order; see "
                     "sampleproc.toml(5).",
                     0, width);
  return text;
}

std::string CommandHelp(const Command& command, std::size_t width) {
  std::string text = "Usage: sampleproc " + std::string(command.name) + " [OPTION]...";
  if (!command.operands.empty()) text += " " + std::string(command.operands);
  text += "\n\n" + Wrapped(command.description, 0, width);
  std::vector<std::string> groups;
  const std::vector<OptionInfo> options = OptionsOf(command);
  for (const OptionInfo& option : options) {
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  }
  for (const std::string& group : groups) {
    text += "\n" + group + ":\n";
    for (const OptionInfo& option : options) {
      if (option.group == group) text += Item(option.Heading(), option.help, width);
    }
  }
  if (!command.examples.empty()) text += ExamplesBlock(command.examples, width);
  return text;
}

std::string VersionText() {
  return "sampleproc " + std::string(config::kVersion) +
         "\n"
         "This is free software, without any warranty to the extent the law permits.\n"
         "See sampleproc(1), or 'sampleproc --help'.\n";
}

std::size_t TerminalWidth() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::clamp<std::size_t>(size.ws_col, 40, 100);
}

}  // namespace sampleproc::apps
