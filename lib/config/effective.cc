#include "config/effective.h"

#include "config/convert.h"
#include "config/print.h"
#include "net/redact.h"

namespace sampleproc::config {
namespace {

std::string OriginComment(const Origin& origin) {
  // Comments take no control characters, and a file may be called anything.
  return origin.kind == Origin::Kind::kDefault ? "default" : Shown(Where(origin), 200);
}

}  // namespace

std::string EffectiveToml(const Loaded& loaded, Which which) {
  std::string text;
  std::string section;
  bool is_masked = false;  // its name has a password in it
  std::string reloadable;  // of the section
  const auto end_section = [&] {
    if (which == Which::kAll && !reloadable.empty()) text += "#reloadable = [" + reloadable + "]\n";
    reloadable.clear();
  };
  for (const Key& key : MakeSchema(loaded.config)) {
    // Of a camera only the keys that somebody set have one.
    const auto known = loaded.origins.find(std::string(key.path));
    const Origin origin = known == loaded.origins.end() ? Origin{} : known->second;
    if (which == Which::kFromFiles && origin.kind != Origin::Kind::kFile) continue;
    const std::size_t dot = key.path.rfind('.');
    if (key.path.substr(0, dot) != section) {
      end_section();
      section = key.path.substr(0, dot);
      const std::string shown = net::RedactCredentials(section);
      is_masked = shown != section;
      if (!text.empty()) text += '\n';
      text += (is_masked ? "#[" : "[") + shown + "]\n";
    }
    const std::string name(key.path.substr(dot + 1));
    const Setting setting = key.get(loaded.config);
    const std::string masked = MaskedSetting(key, setting);
    if (is_masked || masked != FormatSetting(key, setting)) text += '#';
    text += name + " = " + masked;
    text += "  # " + OriginComment(origin) + "\n";
    if (key.reloadable) reloadable += (reloadable.empty() ? "\"" : ", \"") + name + "\"";
  }
  end_section();
  return text;
}

std::string MaskedSetting(const Key& key, const Setting& setting) {
  std::string value = FormatSetting(key, setting);
  if (key.secret && value != "\"\"") return "\"***\"";
  return net::RedactValue(key.path, value);
}

}  // namespace sampleproc::config
