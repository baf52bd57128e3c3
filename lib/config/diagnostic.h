// One thing that is wrong with a configuration, and where it came from.
#pragma once

#include <string>
#include <string_view>

#include "config/codes.h"
#include "config/value.h"

namespace sampleproc::config {

// Who set a value.
struct Origin {
  enum class Kind { kDefault, kFile, kEnvironment, kFlag };
  Kind kind = Kind::kDefault;
  std::string name;  // the file as it was named, the variable, or the flag ("--port")
  Place place;       // in a file

  bool operator==(const Origin&) const = default;
};

enum class Severity { kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string_view code;
  Origin origin;
  std::string key;          // "process.workers"; "" when no key is to blame
  std::string message;      // one sentence without the key; values shortened and escaped
  std::string hint;         // what to do about it; may be empty
  std::string source_line;  // the line that `origin` points into, without secrets; may be empty
};

}  // namespace sampleproc::config
