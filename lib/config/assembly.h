// A configuration while it is being put together; shared by the loader's parts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/convert.h"
#include "config/loader.h"
#include "config/schema.h"

namespace sampleproc::config {

struct Assembly {
  std::vector<Key> schema;
  Loaded result;
  std::map<std::string, std::string> source_lines = {};  // of keys that a file set, by path

  // Where each entry of a list stands in a file, and the line.
  using EntryPlaces = std::vector<std::pair<Place, std::string>>;

  // A key that somebody set, and whose value could not be taken: it is what it was before.
  struct Refused {
    Key key;
    Origin origin;
    std::vector<std::string> texts;  // of a list: the entries that could be read
  };

  // Those whose own error is told, by path: rules that look at them are not asked.
  std::map<std::string, Refused> refused = {};

  // Those of lists that a file set, by the key's path.
  std::map<std::string, EntryPlaces> entries = {};

  // Stores a converted value with its origin, or reports each refusal, that of an entry where
  // `places` has it.
  void Take(const Key& key, std::expected<Setting, Refusal> converted, Origin origin,
            std::string_view source_line = {}, EntryPlaces places = {});

  // Notes that somebody meant to set the key `path`, under another name or in a line that cannot be
  // read; nothing happens when there is no such key.
  void NoteMeant(std::string_view path, Origin origin);

  // As config::AddDetector, with the new keys' origins.
  bool AddDetector(std::string_view path);

  // Without what is secret in the key's name: a camera may be called by its URL.
  void Report(Diagnostic diagnostic);
};

// Applies one file; `display` is its name in messages.
void ApplyFile(const std::string& path, const std::string& display, bool may_be_missing,
               base::Reading reading, Assembly& assembly);

// Applies the variables of `request`.
void ApplyEnvironment(const LoadRequest& request, Assembly& assembly);

// Notes the files that keys name for reading, and reports each that a key has the service write to.
void CheckWrittenFiles(Assembly& assembly);

// The key that was meant by a path that is none; "" when nothing is near.
std::string_view NearestKey(const std::vector<Key>& schema, std::string_view path);

// "did you mean http.port?" for a path that is no key; "" when nothing is near.
std::string SuggestKey(const std::vector<Key>& schema, std::string_view path);

}  // namespace sampleproc::config
