// The committed files that are made from the schema and the table of commands.
#pragma once

#include <string>

#include "apps/command.h"

namespace sampleproc::apps {

std::string SampleConfig();      // config/sampleproc.toml
std::string ConfigJsonSchema();  // config/sampleproc.schema.json

std::string MainManPage();                           // man/sampleproc.1
std::string CommandManPage(const Command& command);  // man/sampleproc-<command>.1
std::string ConfigManPage();                         // man/sampleproc.toml.5

std::string BashCompletion();  // completions/sampleproc.bash
std::string ZshCompletion();   // completions/_sampleproc
std::string FishCompletion();  // completions/sampleproc.fish

}  // namespace sampleproc::apps
