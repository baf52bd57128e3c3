// Puts a configuration together: flag over environment over file over default.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text_file.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "resources/cpu_limits.h"

namespace sampleproc::config {

// Names and values as they came with the process; of a repeated name the first counts.
using Environment = std::vector<std::pair<std::string, std::string>>;

// A key set on the command line: --set http.port=1 is {"http.port", "1", "--set http.port"},
// --port 1 is {"http.port", "1", "--port"}. Later ones win.
struct Flag {
  std::string path;
  std::string text;
  std::string name;  // as origins and messages call it
};

// Which files are looked at.
enum class Files {
  kSearch,  // the one that is named, else the system's
  kNamed,   // only one that is named, by LoadRequest::file or SAMPLEPROC_CONFIG
  kNone,
};

struct LoadRequest {
  Environment environment = {};
  std::vector<Flag> flags = {};

  // --config, or a file that validate-config was given; "-" is standard input. Without it
  // SAMPLEPROC_CONFIG is asked, then `system_file` and the *.toml of `conf.d` beside it.
  std::optional<std::string> file = std::nullopt;
  std::filesystem::path system_file = "/etc/sampleproc/sampleproc.toml";
  Files files = Files::kSearch;
  // A reload is kAgain.
  base::Reading reading = base::Reading::kFirst;

  // Whether PORT, LOG_LEVEL and the other names of the service that this one replaces count: for
  // the commands that stand in its place, not for scripts that happen to have a PORT. Those are
  // also told what this version cannot do yet.
  bool original_names = false;

  // What this machine has, to check against; nothing to check a configuration as such.
  std::optional<resources::MachineLimits> machine = std::nullopt;

  // Whether the parts of this program that are files of their own have to be there, as for a start.
  bool looks_for_modules = false;

  // Whether all variables are meant for this service, so that two wrong letters of one of those
  // names are a warning too. Where it is started among others' it takes one letter, of a long name.
  bool misspelt_names = false;

  // Whether files are read whose names stand in *_FILE variables in place of values.
  bool value_files = true;

  // What an unknown SAMPLEPROC_* variable is. A running service must survive a stray one.
  Severity unknown_variable = Severity::kWarning;
};

// A file that was read for the configuration, or that the configuration has a run read.
struct FileRead {
  std::string what;  // "the configuration", "http.tls_key"
  std::string path;
};

struct Loaded {
  Config config;                          // usable only without errors
  std::map<std::string, Origin> origins;  // of every key, by path; of cameras only what is set
  // Of `origins` those that nobody set and that config/derive.h gave another value than the
  // default, or may give one with other variables or on another machine.
  std::set<std::string> derived;
  std::vector<Diagnostic> diagnostics;  // all of them, files first, in order of their places
  std::vector<std::string> files;       // that were read, in order
  std::vector<FileRead> inputs;         // all that no output may be: `files`, values, keys' files

  bool HasErrors() const;
  std::size_t Count(Severity severity) const;
};

// Reads what there is and reports everything that is wrong in one go. A value that is refused
// leaves the key at what it was before. A file that was named must exist, the system's may be
// missing. Reads files; no other side effects, no globals; any thread.
Loaded Load(const LoadRequest& request);

// What the variables of the environment file `path` ("-" is standard input) amount to over the
// defaults, the original service's names included; nothing else is looked at. Origins and
// diagnostics point into the file. See config/environment_file.h for what such a file is.
Loaded LoadEnvironmentFile(const std::string& path);

// The errors of `loaded` as one value (kConfig), for callers that cannot print diagnostics.
base::Error ToError(const Loaded& loaded);

}  // namespace sampleproc::config
