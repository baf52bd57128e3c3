// One thing that is wrong with a configuration, and where it came from.
#pragma once

#include <string>
#include <string_view>

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

// Codes are stable: scripts and people look them up. A code is never given a second meaning.
namespace code {
inline constexpr std::string_view kUnreadable = "SP1001";       // a file cannot be read
inline constexpr std::string_view kSyntax = "SP1002";           // not TOML
inline constexpr std::string_view kUnknownKey = "SP1003";       // no such key or section
inline constexpr std::string_view kRange = "SP1004";            // outside the allowed range
inline constexpr std::string_view kType = "SP1005";             // of the wrong type
inline constexpr std::string_view kWord = "SP1006";             // not one of the allowed words
inline constexpr std::string_view kForm = "SP1007";             // not readable as what it should be
inline constexpr std::string_view kUnknownVariable = "SP1008";  // SAMPLEPROC_* that sets nothing
inline constexpr std::string_view kTwoNames = "SP1009";         // two variables disagree
inline constexpr std::string_view kIgnored = "SP1010";          // a variable without effect
inline constexpr std::string_view kRepeated = "SP1011";         // the same word twice in a list
inline constexpr std::string_view kDrainDelay = "SP1101";   // no time left after the drain delay
inline constexpr std::string_view kFrameLimits = "SP1102";  // a largest frame cannot get in
inline constexpr std::string_view kIdleTimeout = "SP1103";  // shorter than a balancer's
inline constexpr std::string_view kHeadLimits = "SP1104";   // a longest target cannot get in
inline constexpr std::string_view kDeadlines = "SP1105";    // an inner deadline behind an outer
inline constexpr std::string_view kMemory = "SP1106";       // the budget cannot hold one frame
inline constexpr std::string_view kTls = "SP1107";          // a key without its certificate
inline constexpr std::string_view kHostPattern = "SP1111";  // no host, no pattern of hosts
inline constexpr std::string_view kOrigin = "SP1112";       // not an origin as browsers send it
inline constexpr std::string_view kCorsAny = "SP1113";      // any origin and credentials
inline constexpr std::string_view kProxies = "SP1114";      // neither address nor network
}  // namespace code

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string_view code;
  Origin origin;
  std::string key;          // "process.workers"; "" when no key is to blame
  std::string message;      // one sentence without the key; values shortened and escaped
  std::string hint;         // what to do about it; may be empty
  std::string source_line;  // the line of the file that `origin` points into; may be empty
};

}  // namespace sampleproc::config
