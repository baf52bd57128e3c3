#include <algorithm>

#include "base/text_file.h"
#include "config/effective.h"
#include "config/environment_file.h"
#include "config/loader.h"
#include "config/schema.h"
#include "files/url_input.h"

namespace sampleproc::config {
namespace {

// Where a variable of the file stands there; origins of other kinds stay as they are.
const FileVariable* Locate(const EnvironmentFile& file, const std::string& display,
                           Origin& origin) {
  if (origin.kind != Origin::Kind::kEnvironment) return nullptr;
  const auto found = std::ranges::find(file.variables, origin.name, &FileVariable::name);
  if (found == file.variables.end()) return nullptr;
  origin = {Origin::Kind::kFile, display, found->place};
  return &*found;
}

}  // namespace

Loaded LoadEnvironmentFile(const std::string& path) {
  const std::string display = path == "-" ? "<stdin>" : files::ShownName(path);
  const auto text = base::ReadTextFile(path, base::Reading::kFirst);
  if (!text) {
    Loaded failed = Load({.files = Files::kNone});
    failed.diagnostics.push_back({Severity::kError,
                                  code::kUnreadable,
                                  {Origin::Kind::kFile, display, {}},
                                  "",
                                  "cannot be read: " + text.error().message,
                                  "",
                                  ""});
    return failed;
  }
  EnvironmentFile file = ReadEnvironmentFile(*text, display);
  LoadRequest request{.files = Files::kNone,
                      .original_names = true,
                      .misspelt_names = true,
                      .value_files = false,
                      .unknown_variable = Severity::kError};
  for (const FileVariable& variable : file.variables) {
    request.environment.emplace_back(variable.name, variable.value);
  }
  Loaded loaded = Load(request);
  if (!loaded.HasErrors()) ReportLeftOut(loaded);
  loaded.files.push_back(display);
  for (auto& [key, origin] : loaded.origins) Locate(file, display, origin);
  const std::vector<Key> schema = MakeSchema();
  for (Diagnostic& diagnostic : loaded.diagnostics) {
    const FileVariable* variable = Locate(file, display, diagnostic.origin);
    const Key* key = FindKey(schema, diagnostic.key);
    if (variable != nullptr && (key == nullptr || !key->secret)) {
      diagnostic.source_line = variable->source_line;
    }
  }
  loaded.diagnostics.insert(loaded.diagnostics.begin(), file.diagnostics.begin(),
                            file.diagnostics.end());
  return loaded;
}

}  // namespace sampleproc::config
