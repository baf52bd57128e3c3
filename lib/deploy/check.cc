#include "deploy/check.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "config/convert.h"
#include "config/schema.h"
#include "config/units.h"
#include "deploy/amounts.h"
#include "deploy/readers.h"
#include "http/ip_network.h"

namespace sampleproc::deploy {
namespace {

using config::FormatDuration;
using config::FormatSize;
using config::Severity;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kCredentials = "/run/credentials/";

// As far as can be seen here.
bool MayBeReadByAll(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) != 0 || (info.st_mode & S_IROTH) != 0;
}

class Checker {
 public:
  Checker(Deployment& deployment, const config::Config& config)
      : deployment_(deployment), config_(config) {}

  void CheckAll() {
    Address();
    Ports();
    for (const Probe& probe : deployment_.probes) CheckProbe(probe);
    if (deployment_.has_image_health && deployment_.port_option) {
      CheckAskedPort("the image's HEALTHCHECK", *deployment_.port_option,
                     *deployment_.port_without_option);
    }
    if (deployment_.kind == Kind::kSocket) return;
    StopSignal();
    Grace();
    Memory();
    for (const config::Key& key : config::MakeSchema(config_)) {
      if (key.file || key.secret_file) Credential(key);
    }
  }

 private:
  void Error(std::string_view code, const Fact& at, std::string_view key, std::string message,
             std::string hint) {
    deployment_.Report(Severity::kError, code, at, std::move(message), std::move(hint),
                       std::string(key));
  }
  void Warn(std::string_view code, const Fact& at, std::string_view key, std::string message,
            std::string hint) {
    deployment_.Report(Severity::kWarning, code, at, std::move(message), std::move(hint),
                       std::string(key));
  }

  bool InContainer() const {
    return deployment_.kind == Kind::kPod || deployment_.kind == Kind::kCompose;
  }

  void Address() {
    const std::string& host = config_.http.host;
    const auto address = http::ParseAddress(host);
    const bool loopback = host == "localhost" || (address && http::IsLoopback(*address));
    if (InContainer() && loopback) {
      Error(config::code::kDeployPort, deployment_.where, "http.host",
            "the service listens on " + host + ", which nothing outside its container reaches",
            "set SAMPLEPROC_HTTP_HOST to 0.0.0.0");
    }
    if (!deployment_.may_bind_low_ports && config_.http.port > 0 && config_.http.port < 1024) {
      Error(config::code::kDeployPort, deployment_.where, "http.port",
            "port " + std::to_string(config_.http.port) +
                " needs a capability that the unit takes away",
            "take a port from 1024 on, or a socket unit, or set CapabilityBoundingSet= and "
            "AmbientCapabilities= to CAP_NET_BIND_SERVICE");
    }
  }

  void Ports() {
    for (const Port& port : deployment_.ports) {
      // Of a unit only sockets are looked at, and no option says where those listen.
      const std::int64_t ours = InContainer() ? config_.http.port : ConfiguredPort();
      if (port.number <= ours && ours <= port.last) continue;
      const std::string number =
          std::to_string(port.number) +
          (port.last == port.number ? "" : " to " + std::to_string(port.last));
      // Only sockets of units say where a unit is reached.
      if (!InContainer()) {
        Warn(config::code::kDeployPort, port.at, "http.port",
             std::string(port.what) + " is " + number +
                 ", while sampleproc health asks on http.port, " + std::to_string(ours),
             "set http.port to " + std::to_string(port.number));
        continue;
      }
      Error(config::code::kDeployPort, port.at, "http.port",
            std::string(port.what) + " is " + number + ", while the service listens on " +
                (config_.http.port == 0 ? "any free port" : std::to_string(config_.http.port)),
            "make them the same");
    }
  }

  void CheckProbe(const Probe& probe) {
    if (!probe.words.empty()) {
      CheckCommand(probe);
      return;
    }
    const bool tls = !config_.http.tls_cert.empty();
    if (probe.https != tls) {
      Error(config::code::kDeployProbe, probe.path, "http.tls_cert",
            tls ? "the probe asks in plain text, while the service speaks TLS only"
                : "the probe asks over TLS, while the service speaks plain text",
            tls ? "set scheme: HTTPS" : "take scheme: HTTPS away, or set http.tls_cert");
    }
    const std::string_view text = probe.path.text;
    const std::string_view path = text.substr(0, text.find('?'));
    constexpr std::string_view kPaths[] = {"/livez", "/readyz", "/startupz", "/health"};
    if (std::ranges::find(kPaths, path) == std::end(kPaths)) {
      Error(config::code::kDeployProbe, probe.path, "",
            "the probe asks for " + config::Shown(path) + ", which is none of the service's probes",
            "ask for " + std::string(PathOf(probe.kind)));
    } else if (probe.kind == ProbeKind::kLiveness && path != "/livez") {
      Warn(config::code::kDeployProbe, probe.path, "",
           std::string(path) +
               " answers 503 during a drain, and as a liveness probe then has the instance killed "
               "in the middle of its work",
           "ask for /livez");
    } else if (probe.kind == ProbeKind::kReadiness && path != "/readyz" && path != "/health") {
      Warn(config::code::kDeployProbe, probe.path, "",
           std::string(path) +
               " does not say that the instance is about to stop, so that requests "
               "are sent to it until it is gone",
           "ask for /readyz");
    }
  }

  static std::string_view PathOf(ProbeKind kind) {
    switch (kind) {
      case ProbeKind::kLiveness:
        return "/livez";
      case ProbeKind::kReadiness:
        return "/readyz";
      case ProbeKind::kStartup:
        return "/startupz";
      case ProbeKind::kHealth:
        return "/health";
    }
    return {};
  }

  // What asks without another program, as the file's kind writes it.
  std::string HealthHint(ProbeKind kind) const {
    if (deployment_.kind != Kind::kPod) return "write [\"CMD\", \"sampleproc\", \"health\"]";
    const std::string path(PathOf(kind));
    const std::string port = std::to_string(config_.http.port);
    std::string_view name = "live";
    if (kind == ProbeKind::kReadiness) name = "ready";
    if (kind == ProbeKind::kStartup) name = "startup";
    return "write httpGet: {path: " + path + ", port: " + port +
           "}, which starts no process for each probe, or exec: {command: [\"sampleproc\", "
           "\"health\", \"--probe\", \"" +
           std::string(name) + "\"]}";
  }

  void CheckCommand(const Probe& probe) {
    for (const std::string& word : probe.words) {
      const std::string_view program = BaseName(word);
      if (program != "curl" && program != "wget") continue;
      Error(config::code::kDeployProbe, probe.path, "",
            std::string(program) + " is not in the image, so that the check fails for ever",
            HealthHint(probe.kind));
      return;
    }
    CheckHealth(probe);
  }

  std::int64_t ConfiguredPort() const {
    return deployment_.port_without_option.value_or(config_.http.port);
  }

  // "sampleproc health", in a shell's line too, asks where the configuration says, unless it has a
  // port of its own.
  void CheckHealth(const Probe& probe) {
    std::vector<std::string> words;
    for (const std::string& word : probe.words) {
      std::ranges::move(SplitWords(word), std::back_inserter(words));
    }
    const auto ours =
        std::ranges::find_if(words, [](const std::string& word) { return IsOurs(word); });
    if (ours == words.end() || std::ranges::find(ours, words.end(), "health") == words.end()) {
      return;
    }
    if (const auto given = PortAmong({ours, words.end()})) {
      // Of a variable nothing is known.
      const auto port = config::ParseInteger(*given);
      if (port) CheckAskedPort("the probe", probe.path, *port);
    } else {
      CheckAskedPort("the probe", probe.path, ConfiguredPort());
    }
  }

  void CheckAskedPort(const std::string& who, const Fact& at, std::int64_t port) {
    if (port == config_.http.port) return;
    Error(config::code::kDeployProbe, at, kPortKey,
          who + " asks with sampleproc health on port " + std::to_string(port) +
              ", while the service listens on " +
              (config_.http.port == 0 ? "any free port" : std::to_string(config_.http.port)),
          "set SAMPLEPROC_HTTP_PORT for both, in place of an option of one");
  }

  void StopSignal() {
    if (!deployment_.stop_signal) return;
    const Fact& at = *deployment_.stop_signal;
    std::string name = base::Lowercase(at.text);
    if (name.starts_with("sig")) name.erase(0, 3);
    constexpr std::string_view kStopping[] = {"term", "int", "15", "2"};
    if (std::ranges::find(kStopping, name) != std::end(kStopping)) return;
    std::string_view effect = "does not end the service by a drain";
    if (name == "hup" || name == "1") {
      effect = "has the service reload its configuration and go on, until it is killed";
    } else if (name == "kill" || name == "9") {
      effect = "ends the service at once, with all that is in work";
    }
    Error(config::code::kDeployGrace, at, "", config::Shown(at.text) + " " + std::string(effect),
          "leave the stop signal at SIGTERM");
  }

  void Grace() {
    const milliseconds stop = config_.service.shutdown_timeout;
    const milliseconds drain = config_.service.drain_delay;
    const milliseconds whole = deployment_.pre_stop + stop;
    const bool said = deployment_.grace.has_value();
    const milliseconds grace = said ? deployment_.grace->value : deployment_.default_grace;
    const Fact& at = said ? deployment_.grace->at : deployment_.where;
    const std::string key(deployment_.grace_key);
    const auto wanted = std::chrono::ceil<seconds>(whole) + seconds(5);
    const std::string hint = "set " + key + (key.ends_with('=') ? "" : ": ") +
                             std::to_string(wanted.count()) +
                             (deployment_.kind == Kind::kPod ? "" : "s");
    std::string given = FormatDuration(grace);
    if (!said) given += ", the default of " + key;
    const std::string before =
        deployment_.pre_stop > milliseconds(0)
            ? "preStop takes " + FormatDuration(deployment_.pre_stop) + " of it and "
            : "";
    if (grace <= deployment_.pre_stop + drain) {
      Error(config::code::kDeployGrace, at, "service.drain_delay",
            "the service is killed after " + given + ": " + before + "service.drain_delay " +
                FormatDuration(drain) + ", and nothing is left to finish what is in work",
            hint);
    } else if (grace <= whole) {
      Warn(config::code::kDeployGrace, at, "service.shutdown_timeout",
           "the service is killed after " + given + ", while a stop may take " +
               FormatDuration(whole) + ": " + before + "service.shutdown_timeout is " +
               FormatDuration(stop),
           hint + ", or shorten service.shutdown_timeout");
    }
    if (deployment_.kind == Kind::kPod && deployment_.pre_stop + drain == milliseconds(0)) {
      Warn(config::code::kDeployGrace, deployment_.where, "service.drain_delay",
           "requests that are sent to the pod while the cluster learns of its end are refused",
           "set service.drain_delay to 5s");
    }
  }

  void Memory() {
    if (!deployment_.memory) return;
    const auto& [limit, at] = *deployment_.memory;
    const auto own = static_cast<std::int64_t>(config_.resources.memory_limit);
    if (own >= limit) {
      Error(config::code::kDeployMemory, at, "resources.memory_limit",
            FormatSize(own) + " for frames and requests is no less than the limit, " +
                FormatSize(limit) + ": the kernel kills the service where it should answer 503",
            "leave resources.memory_limit at \"auto\", or set it to three quarters of the limit");
    } else if (own > limit / 10 * 9) {
      Warn(config::code::kDeployMemory, at, "resources.memory_limit",
           FormatSize(own) + " for frames and requests leaves less than a tenth of " +
               FormatSize(limit) + " for the program and its libraries",
           "leave resources.memory_limit at \"auto\", or set it to three quarters of the limit");
    }
    const std::int64_t budget = own > 0 ? own : limit / 4 * 3;
    const auto largest =
        static_cast<std::int64_t>(config_.http.max_request_bytes + config_.codec.max_frame_bytes);
    if (own == 0 && budget < largest) {
      Warn(config::code::kDeployMemory, at, "codec.max_frame_bytes",
           "of " + FormatSize(limit) +
               " three quarters are for frames and requests, while the "
               "largest request and its decoded frame take " +
               FormatSize(largest) + ": such frames are always refused",
           "raise the limit, or lower codec.max_frame_bytes");
    }
  }

  void Credential(const config::Key& key) {
    const auto path = std::get<std::string>(key.get(config_));
    if (path.empty()) return;
    const std::string shown = config::Shown(path, 80);
    if (deployment_.kind == Kind::kUnit) {
      UnitCredential(key, path, shown);
      return;
    }
    // A cascade of the image's own is no secret.
    if (!key.secret_file && path.starts_with("/usr/")) return;
    const bool mounted = std::ranges::any_of(deployment_.mounts, [&path](std::string mount) {
      while (mount.size() > 1 && mount.ends_with('/')) mount.pop_back();
      return path == mount || (path.starts_with(mount) && path[mount.size()] == '/');
    });
    if (mounted) return;
    Error(config::code::kDeployCredential, deployment_.where, key.path,
          shown + " will not be there: no volume or secret is mounted at or above it",
          deployment_.kind == Kind::kPod ? "mount a Secret there, with volumes and volumeMounts"
                                         : "bring it in with secrets or volumes");
  }

  void UnitCredential(const config::Key& key, const std::string& path, const std::string& shown) {
    const std::string name(BaseName(path));
    if (path.starts_with(kCredentials)) {
      if (std::ranges::find(deployment_.credentials, name) != deployment_.credentials.end()) return;
      Error(config::code::kDeployCredential, deployment_.where, key.path,
            "the unit loads no credential of the name " + config::Shown(name),
            "add LoadCredential=" + name + ":/etc/sampleproc/" + name);
    } else if (deployment_.protect_home &&
               (path.starts_with("/home/") || path.starts_with("/root/"))) {
      Error(config::code::kDeployCredential, deployment_.where, key.path,
            shown + " cannot be seen by a unit with ProtectHome=",
            "move it below /etc/sampleproc, or bring it in with LoadCredential=");
    } else if ((key.secret_file || !MayBeReadByAll(path)) && deployment_.other_user) {
      Warn(config::code::kDeployCredential, deployment_.where, key.path,
           shown + " has to be readable by the unit's user, which a secret of root's is not",
           "bring it in with LoadCredential=" + name + ":" + shown + " and name it as %d/" + name +
               " in Environment=" + config::VariableName(key.path));
    }
  }

  Deployment& deployment_;
  const config::Config& config_;
};

}  // namespace

std::vector<config::Diagnostic> CheckDeployment(Deployment deployment,
                                                const config::Config& config) {
  Checker(deployment, config).CheckAll();
  return std::move(deployment.diagnostics);
}

}  // namespace sampleproc::deploy
