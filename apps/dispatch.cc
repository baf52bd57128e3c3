#include "apps/dispatch.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <iostream>

#include "apps/commands.h"
#include "apps/config_options.h"
#include "apps/help.h"
#include "apps/unknown_words.h"
#include "apps/verbose_version.h"
#include "config/convert.h"

namespace sampleproc::apps {
namespace {

// CLI11's complaint in our words. It names the option in front of a colon.
std::string InOurWords(const CLI::App& app, const CLI::ParseError& error) {
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    // Only a flag that was given a value: other values are taken as text.
    const std::string_view prefix = "Could not convert: ";
    const std::size_t begin = what.starts_with(prefix) ? prefix.size() : 0;
    const std::string name = what.substr(begin, what.find(" = ") - begin);
    return config::Shown(name) + " takes no value";
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) {
    return config::Shown(what, 200);
  }
  const std::string name = what.substr(0, what.find(':'));
  if (what.find("At Most") != std::string::npos) {
    return config::Shown(name) + " is given more than once; it takes one value";
  }
  const CLI::Option* option = app.get_option_no_throw(name);
  const std::string value = option == nullptr ? "" : " " + option->get_type_name();
  return config::Shown(name) + " needs a value: " + config::Shown(name) + value;
}

// What CLI11 left over or complained about, in one sentence.
std::string ParseFailure(const CLI::App& app, const CLI::ParseError* error) {
  const std::vector<std::string> left = app.remaining();
  const auto end_of_options = std::ranges::find(left, "--");  // kept among them by CLI11
  for (auto word = left.begin(); word != end_of_options; ++word) {
    if (word->size() > 1 && word->front() == '-') return UnknownOption(app, *word);
  }
  for (const std::string& word : left) {
    if (word != "--") return UnexpectedArgument(app, word);
  }
  return error == nullptr ? "" : InOurWords(app, *error);
}

// An option whose value is empty, as that of --compare "$OLD" without OLD: what was meant is
// missing, and to go on without it would look as if it had been done. The same with an argument.
std::string EmptyValue(const CLI::Option& option) {
  if (option.get_lnames().empty()) {
    return option.get_single_name() +
           " is an empty word, as \"$NAME\" gives without a value; give a path, or leave it out";
  }
  const std::string name = "--" + option.get_lnames().front();
  return name + " has an empty value; give " + name + " " + option.get_type_name() +
         ", or leave the option out";
}

// Before CLI11 parses `words`: it would take the word behind "--output=" as its value.
std::string NoValueInWord(const CLI::App& app, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return "";
    if (!word.starts_with("--") || word.find('=') != word.size() - 1) continue;
    const auto* const option = app.get_option_no_throw(word.substr(0, word.size() - 1));
    if (option != nullptr && option->get_items_expected_max() > 0) return EmptyValue(*option);
  }
  return "";
}

// After it has.
std::string EmptyValue(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (std::ranges::count(option->results(), "") > 0) return EmptyValue(*option);
  }
  return "";
}

ExitCode RunCommand(const Command& command, std::vector<std::string> words,
                    CommandContext& context) {
  CLI::App app;
  app.set_help_flag("-h,--help", "Show this help");
  app.allow_extras();  // so that our own words can name what is unknown
  const Action action = command.declare(app);
  std::string failure = NoValueInWord(app, words);
  std::ranges::reverse(words);  // the order in which CLI11 takes them
  try {
    if (failure.empty()) app.parse(words);
    if (failure.empty()) failure = ParseFailure(app, nullptr);
    if (failure.empty()) failure = EmptyValue(app);
  } catch (const CLI::CallForHelp&) {
    context.out << CommandHelp(command, TerminalWidth());
    return ExitCode::kOk;
  } catch (const CLI::ParseError& error) {
    failure = ParseFailure(app, &error);
  }
  if (!failure.empty()) {
    UsageError(context.err, failure, command.name);
    return command.usage_exit;
  }
  return action(context);
}

}  // namespace

ExitCode Dispatch(const std::vector<std::string>& words, CommandContext& context) {
  const std::vector<Command> commands = Commands();
  if (words.empty()) {
    context.err << MainHelp(commands, TerminalWidth());
    return ExitCode::kUsage;
  }
  std::string first = words.front();
  std::vector<std::string> rest(words.begin() + 1, words.end());
  if (first == "-V" || first == "--version") {
    context.out << VersionText();
    if (!rest.empty() && rest.front() == "--verbose") {
      context.out << RuntimesText(context.environment);
    }
    return ExitCode::kOk;
  }
  const bool help = first == "-h" || first == "--help" || first == "help";
  if (help && (rest.empty() || rest.front().starts_with('-') || rest.front() == "help")) {
    context.out << MainHelp(commands, TerminalWidth());
    return ExitCode::kOk;
  }
  if (help) {
    first = rest.front();
    rest = {"--help"};
  }
  const auto command = std::ranges::find(commands, first, &Command::name);
  if (command == commands.end()) {
    return UsageError(context.err, UnknownCommand(words, first, commands), "");
  }
  return RunCommand(*command, std::move(rest), context);
}

int Main(int argc, const char* const* argv, const char* const* environment) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  config::Environment variables;
  bool no_colour = false;
  bool dumb = false;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable(*environment);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
    dumb = dumb || variable == "TERM=dumb";
    no_colour = no_colour || (variable.starts_with("NO_COLOR=") && variable.size() > 9);
  }
  CommandContext context{variables, std::cout, std::cerr,
                         !no_colour && !dumb && ::isatty(STDERR_FILENO) == 1, dumb};
  const ExitCode code = Dispatch(words, context);
  errno = 0;
  std::cout.flush();
  if (!std::cout && code == ExitCode::kOk) {
    if (errno != EPIPE) std::cerr << "sampleproc: standard output cannot be written\n";
    return static_cast<int>(ExitCode::kIo);
  }
  return static_cast<int>(code);
}

}  // namespace sampleproc::apps
