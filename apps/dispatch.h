// From the words of the command line to a command.
#pragma once

#include <string>
#include <vector>

#include "apps/command.h"

namespace sampleproc::apps {

// Runs what `words` (without the program's name) ask for. Never throws what a user can cause.
ExitCode Dispatch(const std::vector<std::string>& words, CommandContext& context);

// The whole of main: gathers words and environment, dispatches, and sees to it that what was
// written to standard output got there.
int Main(int argc, const char* const* argv, const char* const* environment);

}  // namespace sampleproc::apps
