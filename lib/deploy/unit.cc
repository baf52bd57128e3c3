#include <algorithm>
#include <array>
#include <utility>

#include "base/text_file.h"
#include "config/convert.h"
#include "config/environment_file.h"
#include "config/units.h"
#include "deploy/amounts.h"
#include "deploy/readers.h"

namespace sampleproc::deploy {
namespace {

using config::Severity;
using std::chrono::seconds;

struct Line {
  std::string section;
  std::string key;
  Fact value;
};

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "Key=value" below "[Section]", a backslash at the end goes on with the next line.
std::vector<Line> ReadLines(const UnitText& unit) {
  std::vector<Line> lines;
  std::string section;
  bool goes_on = false;
  std::uint32_t number = 0;
  std::string_view text = unit.text;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string_view line = Trimmed(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const bool continued = line.ends_with('\\');
    if (continued) line.remove_suffix(1);
    if (goes_on) {
      lines.back().value.text += " " + std::string(Trimmed(line));
    } else if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
    } else if (const std::size_t equals = line.find('='); equals != std::string_view::npos) {
      const std::string_view value = Trimmed(line.substr(equals + 1));
      const config::Place place{number, static_cast<std::uint32_t>(line.data() - raw.data() + 1),
                                static_cast<std::uint32_t>(line.size())};
      lines.push_back({section, std::string(Trimmed(line.substr(0, equals))),
                       unit.source->At(std::string(value), place)});
    } else {
      continue;
    }
    goes_on = continued && !lines.empty();
  }
  return lines;
}

// What %d stands for, so far as a credential's name can be told behind it.
std::string WithCredentials(std::string text) {
  for (std::size_t at = text.find("%d/"); at != std::string::npos; at = text.find("%d/")) {
    text.replace(at, 3, "/run/credentials/unit/");
  }
  return text;
}

class UnitReader {
 public:
  void Read(const Line& line) {
    if (line.section == "Service") Service(line.key, line.value);
    if (line.section == "Socket" && line.key == "ListenStream") Listen(line.value);
  }

  Deployment Take() {
    if (deployment_.where.origin.name.empty()) deployment_.where = last_;
    // A socket unit alone says nothing of how the service is stopped.
    if (listens_ && last_.origin.name.empty()) deployment_.kind = Kind::kSocket;
    if (binds_low_ && !*binds_low_) deployment_.may_bind_low_ports = false;
    CheckWatchdog();
    return std::move(deployment_);
  }

 private:
  void Service(const std::string& key, const Fact& value) {
    last_ = value;
    if (key == "ExecStart") {
      Start(value);
    } else if (key == "Type") {
      type_ = value;
    } else if (key == "WatchdogSec") {
      watchdog_ = value;
    } else if (key == "Environment") {
      for (const std::string& word : SplitWords(value.text)) Assign(word, value);
      if (value.text.empty()) deployment_.variables.clear();
    } else if (key == "EnvironmentFile") {
      const bool optional = value.text.starts_with('-');
      if (value.text.find('%') == std::string::npos && !value.text.empty()) {
        AddEnvironmentFile(value.text.substr(optional ? 1 : 0), value, optional, deployment_);
      }
    } else if (key == "TimeoutStopSec" || key == "TimeoutSec") {
      Stop(value);
    } else if (key == "MemoryMax") {
      if (const auto bytes = ReadSize(value.text, true)) deployment_.memory = {*bytes, value};
    } else if (key == "LoadCredential" || key == "LoadCredentialEncrypted" ||
               key == "SetCredential" || key == "SetCredentialEncrypted") {
      deployment_.credentials.push_back(value.text.substr(0, value.text.find(':')));
    } else if (key == "ProtectHome") {
      deployment_.protect_home = config::ParseBool(value.text).value_or(true);
    } else if (key == "DynamicUser") {
      other_user_ = config::ParseBool(value.text).value_or(false);
      deployment_.other_user = other_user_;
    } else if (key == "User") {
      deployment_.other_user = other_user_ || (!value.text.empty() && value.text != "root");
    } else if (key == "CapabilityBoundingSet") {
      const bool has = value.text.find("CAP_NET_BIND_SERVICE") != std::string::npos;
      binds_low_ = has != value.text.starts_with('~');
    }
  }

  void Start(const Fact& value) {
    deployment_.words.clear();
    deployment_.where = value;
    std::string_view line = value.text;
    line.remove_prefix(std::min(line.find_first_not_of("-@:+!"), line.size()));
    for (std::string& word : SplitWords(line)) {
      Fact fact = value;
      fact.text = WithCredentials(std::move(word));
      deployment_.words.push_back(std::move(fact));
    }
  }

  void Assign(const std::string& word, const Fact& at) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      deployment_.Report(Severity::kError, config::code::kDeployFile, at,
                         "\"" + config::Shown(word) + "\" of Environment= sets nothing",
                         "write NAME=VALUE, in quotes when there are blanks in it");
      return;
    }
    Fact value = at;
    value.text = WithCredentials(word.substr(equals + 1));
    deployment_.variables.push_back({word.substr(0, equals), std::move(value)});
  }

  void Stop(const Fact& value) {
    if (const auto time = ReadDuration(value.text)) {
      deployment_.grace = {*time, value};
    } else if (value.text == "infinity") {
      deployment_.grace = {std::chrono::hours(24 * 365), value};
    }
  }

  void Listen(const Fact& value) {
    if (deployment_.where.origin.name.empty()) deployment_.where = value;
    listens_ = true;
    const std::string_view text = value.text;
    if (text.starts_with('/') || text.starts_with('@')) return;
    if (const auto port = config::ParseInteger(text.substr(text.rfind(':') + 1))) {
      deployment_.ports.push_back({*port, "the socket's port", value});
    }
  }

  void CheckWatchdog() {
    const bool notifies = type_.text == "notify" || type_.text == "notify-reload";
    if (type_.text.empty() || notifies || watchdog_.text.empty() || watchdog_.text == "0") return;
    deployment_.Report(Severity::kError, config::code::kDeployStart, type_,
                       "with WatchdogSec= the unit has to be of a type that reports to systemd",
                       "set Type=notify");
  }

  Deployment deployment_{.kind = Kind::kUnit,
                         .grace_key = "TimeoutStopSec=",
                         .default_grace = seconds(90),
                         .memory_key = "MemoryMax="};
  Fact type_;
  Fact watchdog_;
  Fact last_;
  bool other_user_ = false;
  bool listens_ = false;
  std::optional<bool> binds_low_;
};

}  // namespace

bool IsUnit(std::string_view text) {
  for (const std::string_view section : std::array<std::string_view, 2>{"[Service]", "[Socket]"}) {
    for (std::size_t at = text.find(section); at != std::string_view::npos;
         at = text.find(section, at + 1)) {
      if (at == 0 || text[at - 1] == '\n') return true;
    }
  }
  return false;
}

Deployment ReadUnits(const std::vector<UnitText>& units) {
  UnitReader reader;
  for (const UnitText& unit : units) {
    for (const Line& line : ReadLines(unit)) reader.Read(line);
  }
  return reader.Take();
}

bool IsOurs(std::string_view name) {
  const std::string_view base = BaseName(name);
  return base.find("sampleproc") != std::string_view::npos ||
         base.find("sample-processor") != std::string_view::npos ||
         base.find("sample_processor") != std::string_view::npos;
}

void AddImageVariables(Deployment& deployment) {
  for (const ImageVariable& variable : kImageVariables) {
    const std::string name(variable.name);
    deployment.variables.push_back(
        {name,
         {std::string(variable.value),
          {config::Origin::Kind::kEnvironment, name + " of the image", {}},
          ""}});
  }
}

void AddEnvironmentFile(const std::string& path, const Fact& at, bool may_be_missing,
                        Deployment& deployment) {
  const auto text = base::ReadTextFile(path, base::Reading::kFirst);
  if (!text) {
    if (may_be_missing) return;
    deployment.Report(Severity::kWarning, config::code::kDeployFile, at,
                      "the environment file " + config::Shown(path, 80) + " cannot be read here (" +
                          text.error().message +
                          "), so that its variables do not count in this check",
                      "check where it is");
    return;
  }
  config::EnvironmentFile file = config::ReadEnvironmentFile(*text, path);
  for (config::FileVariable& variable : file.variables) {
    Fact value{std::move(variable.value),
               {config::Origin::Kind::kFile, path, variable.place},
               std::move(variable.source_line)};
    deployment.variables.push_back({std::move(variable.name), std::move(value)});
  }
  std::ranges::move(file.diagnostics, std::back_inserter(deployment.diagnostics));
}

}  // namespace sampleproc::deploy
