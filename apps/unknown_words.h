// What is said of words on the command line that nobody knows, and what was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/command.h"

namespace sampleproc::apps {

// "unknown option '--prot'; did you mean '--port'?" of an option that `app` does not have; `typed`
// is the whole word. Where a configuration key has its name, that is how it is set.
std::string UnknownOption(const CLI::App& app, std::string_view typed);

// "unexpected argument 'x.toml'; did you mean --config x.toml?"
std::string UnexpectedArgument(const CLI::App& app, std::string_view typed);

// "unknown command 'proces-file'; did you mean 'process-file'?" of `typed`, which none of
// `commands` is called; `words` are all that were given.
std::string UnknownCommand(const std::vector<std::string>& words, std::string_view typed,
                           const std::vector<Command>& commands);

}  // namespace sampleproc::apps
