// Help texts, broken to the width of the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "apps/command.h"

namespace sampleproc::apps {

// sampleproc --help
std::string MainHelp(const std::vector<Command>& commands, std::size_t width);

// sampleproc COMMAND --help
std::string CommandHelp(const Command& command, std::size_t width);

// sampleproc --version
std::string VersionText();

// `text` in lines of at most `width` columns, all but the first indented.
std::string Wrapped(std::string_view text, std::size_t indent, std::size_t width);

// Columns of standard output's terminal between 40 and 100, 80 when it is none.
std::size_t TerminalWidth();

}  // namespace sampleproc::apps
