#include <algorithm>
#include <utility>

#include "config/convert.h"
#include "config/units.h"
#include "deploy/amounts.h"
#include "deploy/readers.h"

namespace sampleproc::deploy {
namespace {

using config::Severity;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kNoTime{0};

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

// Where the section begins that the text has.
config::Place PlaceOf(std::string_view text, std::string_view section) {
  const std::string_view before = text.substr(0, text.find(section));
  return {static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1), 1,
          static_cast<std::uint32_t>(section.size())};
}

bool HasSection(std::string_view text, std::string_view section) {
  for (std::size_t at = text.find(section); at != std::string_view::npos;
       at = text.find(section, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return true;
  }
  return false;
}

class UnitReader {
 public:
  void Read(const UnitText& unit) {
    for (const Line& line : ReadLines(unit)) {
      if (line.section == "Service") Service(line.key, line.value);
      if (line.section == "Socket" && line.key == "ListenStream") Listen(line.value);
    }
    // A drop-in need not say what the unit that it goes with does.
    if (HasSection(unit.text, "[Service]") && !unit.source->display().ends_with(".conf")) {
      service_ = unit.source->At("", PlaceOf(unit.text, "[Service]"));
    }
  }

  Deployment Take() {
    if (deployment_.where.origin.name.empty()) deployment_.where = service_ ? *service_ : last_;
    // A socket unit alone says nothing of how the service is stopped.
    if (listens_ && last_.origin.name.empty()) deployment_.kind = Kind::kSocket;
    if (binds_low_ && !*binds_low_) deployment_.may_bind_low_ports = false;
    CheckType();
    CheckWatchdog();
    CheckStart();
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
      Stop(key, value);
    } else if (key == "KillSignal") {
      deployment_.stop_signal.reset();
      if (!value.text.empty()) deployment_.stop_signal = value;
    } else if (key == "MemoryMax") {
      Memory(value);
    } else if (key == "LoadCredential" || key == "LoadCredentialEncrypted" ||
               key == "SetCredential" || key == "SetCredentialEncrypted") {
      deployment_.credentials.push_back(value.text.substr(0, value.text.find(':')));
    } else if (key == "ProtectHome") {
      ProtectHome(value);
    } else if (key == "DynamicUser") {
      other_user_ = Truth(key, value).value_or(false);
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

  void Stop(const std::string& key, const Fact& value) {
    deployment_.grace.reset();
    if (value.text.empty()) return;
    const auto time = TimeSpan(key, value);
    // To systemd 0 is no limit here.
    if (time) deployment_.grace = {*time == kNoTime ? kForever : *time, value};
  }

  std::optional<milliseconds> TimeSpan(const std::string& key, const Fact& value) {
    const auto time = ReadTimeSpan(value.text);
    if (!time) {
      Ignored(key, value, "is no time span",
              "write 40s, \"1min 30s\" or infinity, for example (systemd.time(7))");
    }
    return time;
  }

  std::optional<bool> Truth(const std::string& key, const Fact& value) {
    if (value.text.empty()) return false;
    const std::string_view text = value.text;
    if (text == "y" || text == "t") return true;
    if (text == "n" || text == "f") return false;
    const auto truth = config::ParseBool(text);
    if (!truth) Ignored(key, value, "is neither yes nor no", "write yes or no");
    return truth;
  }

  // What systemd cannot read it leaves out, with a line in the journal.
  void Ignored(const std::string& key, const Fact& value, std::string_view what, std::string hint) {
    deployment_.Report(Severity::kError, config::code::kDeployFile, value,
                       "\"" + config::Shown(value.text) + "\" of " + key + "= " +
                           std::string(what) + ", so that systemd ignores it",
                       std::move(hint));
  }

  void ProtectHome(const Fact& value) {
    if (value.text == "read-only") {
      deployment_.protect_home = false;  // seen, and not written
    } else if (value.text == "tmpfs") {
      deployment_.protect_home = true;
    } else if (const auto truth = Truth("ProtectHome", value)) {
      deployment_.protect_home = *truth;
    }
  }

  void Memory(const Fact& value) {
    deployment_.memory.reset();
    const std::string_view text = value.text;
    if (text.empty() || text == "infinity") return;
    if (const auto bytes = ReadSize(text, true)) {
      deployment_.memory = {*bytes, value};
    } else if (!text.ends_with('%') || !config::ParseReal(text.substr(0, text.size() - 1))) {
      Ignored("MemoryMax", value, "is no amount of memory",
              "write 1G, 80% or infinity, for example");
    }
  }

  void Listen(const Fact& value) {
    if (deployment_.where.origin.name.empty()) deployment_.where = value;
    listens_ = true;
    const std::string_view text = value.text;
    if (text.starts_with('/') || text.starts_with('@')) return;
    if (const auto port = config::ParseInteger(text.substr(text.rfind(':') + 1))) {
      deployment_.ports.push_back({*port, *port, "the socket's port", value});
    }
  }

  // The service stays in the foreground, which some types take for a start that never ends.
  void CheckType() {
    constexpr std::string_view kGood[] = {"", "simple", "exec", "notify", "notify-reload", "idle"};
    if (std::ranges::find(kGood, type_.text) != std::end(kGood)) return;
    constexpr std::string_view kOther[] = {"forking", "oneshot", "dbus"};
    if (std::ranges::find(kOther, type_.text) == std::end(kOther)) {
      Ignored("Type", type_, "is no type of a unit", "set Type=notify");
      type_.text.clear();
      return;
    }
    const bool forking = type_.text == "forking";
    deployment_.Report(Severity::kError, config::code::kDeployStart, type_,
                       "with Type=" + type_.text + " systemd waits for the service to " +
                           (type_.text == "dbus" ? "take a name on D-Bus"
                            : forking            ? "fork into the background"
                                                 : "end") +
                           ", which it never does",
                       "set Type=notify");
    type_.text.clear();  // said
  }

  void CheckWatchdog() {
    const bool watched =
        !watchdog_.text.empty() && TimeSpan("WatchdogSec", watchdog_).value_or(kNoTime) > kNoTime;
    const bool notifies = type_.text == "notify" || type_.text == "notify-reload";
    if (type_.text.empty() || notifies || !watched) return;
    deployment_.Report(Severity::kError, config::code::kDeployStart, type_,
                       "with WatchdogSec= the unit has to be of a type that reports to systemd",
                       "set Type=notify");
  }

  void CheckStart() {
    if (!service_ || !deployment_.words.empty()) return;
    deployment_.Report(Severity::kError, config::code::kDeployStart, *service_,
                       "the unit starts nothing: it has no ExecStart=",
                       "write ExecStart=/usr/bin/sampleproc serve below [Service]");
  }

  Deployment deployment_{
      .kind = Kind::kUnit, .grace_key = "TimeoutStopSec=", .default_grace = seconds(90)};
  Fact type_;
  Fact watchdog_;
  Fact last_;
  std::optional<Fact> service_;  // a unit of a service, no drop-in
  bool other_user_ = false;
  bool listens_ = false;
  std::optional<bool> binds_low_;
};

}  // namespace

bool IsUnit(std::string_view text) {
  return HasSection(text, "[Service]") || HasSection(text, "[Socket]");
}

Deployment ReadUnits(const std::vector<UnitText>& units) {
  UnitReader reader;
  for (const UnitText& unit : units) reader.Read(unit);
  return reader.Take();
}

}  // namespace sampleproc::deploy
