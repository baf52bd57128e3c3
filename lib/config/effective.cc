#include "config/effective.h"

#include "config/codes.h"
#include "config/convert.h"
#include "config/print.h"
#include "net/redact.h"

namespace sampleproc::config {
namespace {

std::string OriginComment(const Origin& origin) {
  // Comments take no control characters, and a file may be called anything.
  return origin.kind == Origin::Kind::kDefault ? "default" : Shown(Where(origin), 200);
}

// Whether the section's name has a password in it.
bool IsMasked(std::string_view section) { return net::RedactCredentials(section) != section; }

bool IsMasked(const Key& key, const Setting& setting) {
  return MaskedSetting(key, setting) != FormatSetting(key, setting);
}

std::string LeftOutHint(const Key& key) {
  if (key.redis_url) {
    return "write the password to a file, and set consumer.redis.password_file to its path";
  }
  if (key.path.starts_with("camera.")) {
    return "write the password to a file, and set the camera's password_file to its path";
  }
  return "write the value to a file, and set the variable " + VariableName(key.path) +
         "_FILE to its path";
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
    const bool is_derived = loaded.derived.contains(std::string(key.path));
    if (which == Which::kFromFiles && is_derived) continue;
    if (which == Which::kFromFiles && origin.kind != Origin::Kind::kFile) continue;
    const std::size_t dot = key.path.rfind('.');
    if (key.path.substr(0, dot) != section) {
      end_section();
      section = key.path.substr(0, dot);
      is_masked = IsMasked(section);
      if (!text.empty()) text += '\n';
      text += (is_masked ? "#[" : "[") + net::RedactCredentials(section) + "]\n";
    }
    const std::string name(key.path.substr(dot + 1));
    const Setting setting = key.get(loaded.config);
    if (is_derived || is_masked || IsMasked(key, setting)) text += '#';
    text += name + " = " + MaskedSetting(key, setting);
    text += "  # " + OriginComment(origin) + "\n";
    if (key.reloadable) reloadable += (reloadable.empty() ? "\"" : ", \"") + name + "\"";
  }
  end_section();
  return text;
}

void ReportLeftOut(Loaded& loaded) {
  for (const Key& key : MakeSchema(loaded.config)) {
    const auto origin = loaded.origins.find(std::string(key.path));
    if (origin == loaded.origins.end() || origin->second.kind == Origin::Kind::kDefault) continue;
    if (!IsMasked(key.path.substr(0, key.path.rfind('.'))) &&
        !IsMasked(key, key.get(loaded.config))) {
      continue;
    }
    loaded.diagnostics.push_back(
        {Severity::kWarning, code::kLeftOut, origin->second, std::string(key.path),
         "has a secret in it, which is not written into what is printed: the line is a comment "
         "there",
         LeftOutHint(key), ""});
  }
}

std::string MaskedSetting(const Key& key, const Setting& setting) {
  std::string value = FormatSetting(key, setting);
  if (key.secret && value != "\"\"") return "\"***\"";
  return net::RedactValue(key.path, value);
}

}  // namespace sampleproc::config
