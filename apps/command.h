// What a subcommand is. Each lives in its own cmd_<name>.cc and appears as one row in commands.cc;
// the help, the man pages and the completions are made from what it declares.
#pragma once

#include <functional>
#include <iosfwd>
#include <string_view>
#include <vector>

#include "apps/exit_code.h"
#include "config/loader.h"

namespace CLI {
class App;
}

namespace sampleproc::apps {

// What a command is given. Everything that comes from outside comes through here.
struct CommandContext {
  const config::Environment& environment;
  std::ostream& out;    // standard output
  std::ostream& err;    // standard error
  bool colour = false;  // on standard error: a terminal that is not dumb, and NO_COLOR is not set
  bool dumb = false;    // TERM=dumb: no line is written over
};

// Runs after the command line has been read.
using Action = std::function<ExitCode(CommandContext&)>;

struct Example {
  std::string_view line;  // "sampleproc serve --port 9000"
  std::string_view says;
};

struct Command {
  std::string_view name;
  std::string_view summary;      // one line, no full stop
  std::string_view operands;     // "[FILE]...": what follows the options in the usage line
  std::string_view description;  // a paragraph
  std::vector<Example> examples;
  std::vector<std::pair<int, std::string_view>> exit_codes;

  // Adds the options to `app` and returns what runs with their values. It has no other effect, so
  // that the manuals can be made from it too.
  Action (*declare)(CLI::App& app);

  ExitCode usage_exit = ExitCode::kUsage;  // when the command line is wrong
};

}  // namespace sampleproc::apps
