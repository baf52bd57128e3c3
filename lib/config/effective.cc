#include "config/effective.h"

#include "config/convert.h"
#include "config/print.h"
#include "config/redact.h"
#include "config/schema.h"

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
  for (const Key& key : MakeSchema(loaded.config)) {
    const Origin& origin = loaded.origins.at(std::string(key.path));
    if (which == Which::kFromFiles && origin.kind != Origin::Kind::kFile) continue;
    const std::size_t dot = key.path.rfind('.');
    if (key.path.substr(0, dot) != section) {
      section = key.path.substr(0, dot);
      text += (text.empty() ? "[" : "\n[") + section + "]\n";
    }
    const std::string name(key.path.substr(dot + 1));
    const std::string value = FormatSetting(key, key.get(loaded.config));
    if (key.secret && value != "\"\"") {
      text += "#" + name + " = \"***\"";
    } else if (HasCredentials(value)) {
      text += "#" + name + " = " + RedactCredentials(value);
    } else {
      text += name + " = " + value;
    }
    text += "  # " + OriginComment(origin) + "\n";
  }
  return text;
}

}  // namespace sampleproc::config
