#include "apps/option_info.h"

#include <CLI/CLI.hpp>

#include "apps/checked_values.h"

namespace sampleproc::apps {

std::string OptionInfo::Heading() const {
  std::string heading = short_name.empty() ? "    " : short_name + ", ";
  heading += long_name;
  if (!value_name.empty()) heading += " " + value_name;
  return heading;
}

std::vector<OptionInfo> OptionsOf(const Command& command) {
  CLI::App app;
  app.set_help_flag();
  const Action action = command.declare(app);
  std::vector<OptionInfo> infos;
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_lnames().empty()) continue;
    OptionInfo info;
    if (!option->get_snames().empty()) info.short_name = "-" + option->get_snames().front();
    info.long_name = "--" + option->get_lnames().front();
    if (option->get_type_size_max() > 0) info.value_name = option->get_type_name();
    info.choices = ChoicesOf(*option);
    info.help = option->get_description();
    info.group = option->get_group();
    infos.push_back(info);
  }
  infos.push_back({"-h", "--help", "", "", "Show this help", "Options"});
  return infos;
}

}  // namespace sampleproc::apps
