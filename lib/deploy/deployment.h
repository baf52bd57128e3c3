// What a unit, a manifest or a compose file says about the process that it starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/source.h"

namespace sampleproc::deploy {

enum class Kind { kUnit, kSocket, kPod, kCompose };

// Stands in texts for the value of a variable that is not known; no file's text has a control
// character.
inline constexpr std::string_view kUnknownValue = "\x01";

struct Variable {
  std::string name;
  Fact value;
};

// A port that somebody connects to.
struct Port {
  std::int64_t number = 0;
  std::int64_t last = 0;  // of a range of ports that begins with `number`; else the same
  std::string_view what;  // "the container's port"
  Fact at;
};

enum class ProbeKind { kLiveness, kReadiness, kStartup, kHealth };

struct Probe {
  ProbeKind kind = ProbeKind::kHealth;
  Fact path;                       // of httpGet; "" for a command
  bool https = false;              // scheme: HTTPS
  std::vector<std::string> words;  // of a command
};

struct Duration {
  std::chrono::milliseconds value{0};
  Fact at;
};

struct Bytes {
  std::int64_t value = 0;
  Fact at;
};

struct Deployment {
  Kind kind = Kind::kUnit;
  std::string name = {};  // which one it is, of several
  Fact where = {};        // what is blamed for what is missing: the container, ExecStart=

  std::vector<Variable> variables = {};  // of a repeated name the last counts
  std::vector<Fact> words = {};  // of the command line, the program first; none: as the image says
  std::vector<Port> ports = {};

  // What the command line sets the port with, if it does, and the port without it: `health` is a
  // process of its own, which reads the configuration and not the command line of serve.
  std::optional<Fact> port_option = {};
  std::optional<std::int64_t> port_without_option = {};
  bool has_image_health = false;  // the HEALTHCHECK of the image asks
  std::vector<Probe> probes = {};

  // From the stop signal to the kill, and what the system takes when nothing says so.
  std::string_view grace_key = {};
  std::optional<Duration> grace = {};
  std::chrono::milliseconds default_grace{0};
  std::chrono::milliseconds pre_stop{0};  // of that, before the signal

  std::optional<Fact> stop_signal = {};  // when another than the usual SIGTERM is set

  std::optional<Bytes> memory = {};

  // Folders and files of the container that come from outside the image; names of credentials.
  std::vector<std::string> mounts = {};
  std::vector<std::string> credentials = {};
  bool protect_home = false;
  bool other_user = false;  // DynamicUser= or User=: files of root's own cannot be read
  bool may_bind_low_ports = true;

  bool is_there = true;  // false: nothing of ours was found, and only `diagnostics` tell of it

  // What was seen already that cannot work.
  std::vector<config::Diagnostic> diagnostics = {};

  void Report(config::Severity severity, std::string_view code, const Fact& at, std::string message,
              std::string hint, std::string key = "") {
    diagnostics.push_back({severity, code, at.origin, std::move(key), std::move(message),
                           std::move(hint), at.source_line});
  }
};

// What the image of packaging/container sets for every container of it.
struct ImageVariable {
  std::string_view name;
  std::string_view value;
};
inline constexpr ImageVariable kImageVariables[] = {
    {"SAMPLEPROC_HTTP_HOST", "0.0.0.0"},
    {"SAMPLEPROC_SERVICE_DRAIN_DELAY", "5s"},
    {"SAMPLEPROC_SERVICE_SHUTDOWN_TIMEOUT", "40s"},
    {"SAMPLEPROC_TELEMETRY_LOG_FORMAT", "json"},
};

}  // namespace sampleproc::deploy
