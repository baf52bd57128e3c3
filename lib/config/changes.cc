#include "config/changes.h"

#include <algorithm>

#include "config/effective.h"
#include "config/print.h"
#include "net/redact.h"

namespace sampleproc::config {
namespace {

// Where the value is from; a detector that only the other configuration has is at its defaults.
Origin OriginOf(const Loaded& loaded, const std::string& path) {
  const auto found = loaded.origins.find(path);
  return found == loaded.origins.end() ? Origin{} : found->second;
}

}  // namespace

std::vector<Change> Changes(const Loaded& before, const Loaded& after) {
  std::vector<Change> changes;
  for (const Key& key : MakeSchema(before.config, after.config)) {
    const Setting old_value = key.get(before.config);
    const Setting new_value = key.get(after.config);
    if (old_value == new_value) continue;
    const std::string path(key.path);
    const Origin now = OriginOf(after, path);
    changes.push_back({net::RedactCredentials(path), MaskedSetting(key, old_value),
                       MaskedSetting(key, new_value), key.reloadable,
                       now.kind == Origin::Kind::kDefault ? OriginOf(before, path) : now});
  }
  return changes;
}

bool NeedsRestart(const std::vector<Change>& changes) {
  return !std::ranges::all_of(changes, &Change::reloadable);
}

std::string FormatChanges(const std::string& before, const std::string& after,
                          const std::vector<Change>& changes) {
  const auto restarts = std::ranges::count(changes, false, &Change::reloadable);
  const std::size_t count = changes.size();
  std::string text = before + " -> " + after + ": ";
  if (count == 0) return text + "no key differs\n";
  text += std::to_string(count) + (count == 1 ? " key differs" : " keys differ");
  if (restarts == 0) {
    text += ", a reload applies " + std::string(count == 1 ? "it" : "all of them") + "\n";
  } else if (count == 1) {
    text += ", it needs a restart\n";
  } else {
    text += ", " + std::to_string(restarts) + " of them " + (restarts == 1 ? "needs" : "need") +
            " a restart\n";
  }
  for (const bool reloadable : {false, true}) {
    for (const Change& change : changes) {
      if (change.reloadable != reloadable) continue;
      text += std::string(reloadable ? "  reload   " : "  restart  ") + change.key + ": " +
              change.before + " -> " + change.after + " (" + Where(change.origin) + ")\n";
    }
  }
  return text;
}

}  // namespace sampleproc::config
