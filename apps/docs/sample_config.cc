#include <string_view>

#include "apps/docs/documents.h"
#include "config/schema.h"

namespace sampleproc::apps {
namespace {

// `text` as comment lines of at most 80 columns.
std::string Comment(std::string_view text) {
  std::string out;
  std::string line = "#";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (line.size() + 1 + end > 80) {
      out += line + "\n";
      line = "#";
    }
    line += " " + std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line + "\n";
}

}  // namespace

std::string SampleConfig() {
  std::string text =
      "#:schema /usr/share/sampleproc/sampleproc.schema.json\n"
      "# Configuration of sampleproc: every key with its default. The line above is for\n"
      "# editors, which then complete and check keys.\n"
      "#\n"
      "# Copy it to /etc/sampleproc/sampleproc.toml, take the '#' away from a key and\n"
      "# change it; 'sampleproc validate-config FILE' says all that is wrong with a\n"
      "# file. Flags beat the environment, the environment beats files. Durations are\n"
      "# written \"30s\" or \"100ms\", sizes \"10MiB\"; a plain number is seconds or bytes.\n";
  std::string section;
  const config::Config defaults;
  const std::string places = config::CameraSection(config::kCameraInManuals) + ".";
  for (const config::Key& key : config::MakeManualSchema()) {
    const std::size_t dot = key.path.rfind('.');
    // A zone or a line is nothing without what has to be given, so its section is a comment too.
    const bool is_example = key.path.substr(0, dot).starts_with(places);
    const std::string comment = is_example ? "# " : "";
    if (key.path.substr(0, dot) != section) {
      section = key.path.substr(0, dot);
      text += "\n" + comment + "[" + section + "]\n";
    }
    text += "\n" + Comment(key.help);
    text += Comment("Allowed: " + config::DescribeRange(key) +
                    (key.reloadable ? ". A reload (SIGHUP) applies it." : "."));
    text += (is_example ? "# " : "#") + std::string(key.path.substr(dot + 1)) + " = " +
            config::FormatSetting(key, key.get(defaults)) + "\n";
  }
  return text;
}

}  // namespace sampleproc::apps
