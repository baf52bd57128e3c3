// What is different between two configurations, and what it takes to apply it.
#pragma once

#include <string>
#include <vector>

#include "config/loader.h"

namespace sampleproc::config {

struct Change {
  std::string key;     // "http.port"
  std::string before;  // as TOML; secrets are stars, also where two of them differ
  std::string after;
  bool reloadable = false;  // a reload applies it; else it waits for a restart
  Origin origin;            // who sets it now; of a key that is back at its default, who did
};

// Every key whose value differs, in the order of the schema. Neither has errors.
std::vector<Change> Changes(const Loaded& before, const Loaded& after);

// Whether one of them waits for a restart.
bool NeedsRestart(const std::vector<Change>& changes);

// One line for all of them and one for each, for people:
//
//   old.toml -> new.toml: 2 keys differ, 1 of them needs a restart
//     restart  http.port: 8099 -> 9000 (new.toml:2:8)
//     reload   http.max_requests_per_minute: 60 -> 120 (new.toml:3:27)
std::string FormatChanges(const std::string& before, const std::string& after,
                          const std::vector<Change>& changes);

}  // namespace sampleproc::config
