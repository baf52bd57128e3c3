// The options of a command as data: what the help, the man pages and the completions are made of.
#pragma once

#include <string>
#include <vector>

#include "apps/command.h"

namespace sampleproc::apps {

struct OptionInfo {
  std::string short_name;  // "-c", or ""
  std::string long_name;   // "--config"
  std::string value_name;  // "FILE", "" for a switch
  std::string choices;     // the words it takes, blanks between them; "" when it takes any
  std::string help;
  std::string group;

  // "-c, --config FILE"
  std::string Heading() const;
};

// What `command` declares, without operands, in the order of declaration; --help comes last.
std::vector<OptionInfo> OptionsOf(const Command& command);

}  // namespace sampleproc::apps
