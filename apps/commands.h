// The subcommands: one constructor each, and the table.
#pragma once

#include <vector>

#include "apps/command.h"

namespace sampleproc::apps {

Command HealthCommand();
Command LoadtestCommand();
Command ProcessFileCommand();
Command ServeCommand();
Command ValidateConfigCommand();

// In the order in which the help shows them.
std::vector<Command> Commands();

}  // namespace sampleproc::apps
