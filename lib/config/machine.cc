#include "config/machine.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/clock.h"
#include "base/text_file.h"
#include "config/camera_source_rules.h"
#include "config/convert.h"
#include "config/read_files.h"
#include "config/units.h"
#include "consumer/sinks/file_target.h"
#include "detect/faults.h"
#include "history/clips.h"
#include "history/journal.h"
#include "history/look.h"
#include "history/snapshots.h"
#include "http/address.h"
#include "http/listen_socket.h"
#include "http/tls.h"
#include "http/token_table.h"
#include "modules/module_loader.h"

namespace sampleproc::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWholePath = "\"~\" is not expanded: write the whole path, /home/...";

void Report(Severity severity, std::string_view code, const std::string& key, std::string message,
            std::string hint, Assembly& assembly) {
  assembly.Report({severity, code, assembly.result.origins[key], key, std::move(message),
                   std::move(hint), assembly.source_lines[key]});
}

// False when the file cannot be read.
bool CheckFile(const NamedFile& file, Assembly& assembly) {
  // Not to be held up by a pipe without a writer.
  const int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info{};
  int error = fd < 0 || ::fstat(fd, &info) != 0 ? errno : 0;
  if (fd >= 0) ::close(fd);
  if (error == 0 && S_ISDIR(info.st_mode)) error = EISDIR;
  std::string_view wrong = error == 0 ? "" : std::strerror(error);
  const bool is_model = file.key.ends_with(".model");
  if (error == 0 && is_model && !S_ISREG(info.st_mode)) wrong = "it is no regular file";
  if (!wrong.empty()) {
    const bool is_cameras = file.key.ends_with(".password_file") || file.key.ends_with(".ca_file");
    const bool is_runtime = file.key == kOnnxruntimeKey && RunsOnnx(assembly.result.config);
    if (!file.is_needed && !is_cameras && !is_runtime) return false;
    Report(file.is_needed ? Severity::kError : Severity::kWarning, code::kNoFile, file.key,
           "the file " + Shown(file.path, 200) + " cannot be read: " + std::string(wrong),
           file.path.starts_with('~') ? kWholePath
           : is_model                 ? "packaging/fetch-models.sh brings models"
           : is_runtime
               ? "packaging/fetch-models.sh brings it; without, OpenCV runs networks whose "
                 "detector.NAME.runtime is \"auto\""
               : "it has to be there for the user that the service runs as",
           assembly);
    return false;
  }
  if (file.is_secret && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH) != 0) {
    Report(Severity::kWarning, code::kOpenSecret, file.key,
           "everybody on this machine can read the file", "chmod o-r it", assembly);
  }
  return true;
}

// What a start would find in files that can be read.
void CheckContent(const std::vector<std::string>& unreadable, Assembly& assembly) {
  const http::Options& http = assembly.result.config.http;
  const auto can_be_read = [&unreadable](std::string_view key) {
    return std::ranges::find(unreadable, key) == unreadable.end();
  };
  const auto report = [&assembly](std::string_view key, std::string_view message) {
    if (message.starts_with(key)) message.remove_prefix(std::min(key.size() + 1, message.size()));
    Report(Severity::kError, code::kNoFile, std::string(key), std::string(message), "", assembly);
  };
  // What can be read but once is left to the start, and waits for nobody here.
  if (base::CanBeReread(http.auth_tokens_file) && can_be_read("http.auth_tokens_file") &&
      !http.auth_tokens_file.empty()) {
    const auto tokens = http::TokenTable::Load(http.auth_tokens_file, base::Reading::kAgain);
    if (!tokens) report("http.auth_tokens_file", tokens.error().message);
  }
  const std::string& key = http.tls_key.empty() ? http.tls_cert : http.tls_key;
  if (!http.tls_cert.empty() && can_be_read("http.tls_cert") && can_be_read("http.tls_key") &&
      base::CanBeReread(http.tls_cert) && base::CanBeReread(key)) {
    const auto loaded = http::TlsContext::Load(http.tls_cert, key, base::Reading::kAgain);
    if (!loaded) {
      const std::string& message = loaded.error().message;
      report(message.starts_with("http.tls_key") ? "http.tls_key" : "http.tls_cert", message);
    } else if ((*loaded)->valid_until() < base::SystemClock().Wall()) {
      Report(Severity::kError, code::kNoFile, "http.tls_cert",
             "the certificate has expired at " + base::FormatTimestamp((*loaded)->valid_until()) +
                 ": no client takes it",
             "put a new one in its place", assembly);
    }
  }
}

// A password is the only line of its file. What can be read but once is left to the start.
void CheckPassword(const NamedFile& file, Assembly& assembly) {
  if (!file.key.ends_with("password_file")) return;
  std::string fault = PasswordFault(file.path);
  if (fault.empty()) return;
  Report(file.is_needed ? Severity::kError : Severity::kWarning, code::kNoFile, file.key,
         std::move(fault), "it has to hold the password on its only line", assembly);
}

// What a start would listen on.
void CheckListening(Assembly& assembly) {
  const http::Options& http = assembly.result.config.http;
  const bool is_wrong = std::ranges::any_of(
      assembly.result.diagnostics, [](const Diagnostic& each) { return each.key == "http.host"; });
  if (const auto host = http::CheckHost(http.host); !host && !is_wrong) {
    std::string_view why = host.error().message;
    why.remove_prefix(std::min(std::string_view("http.host ").size(), why.size()));
    // A name may resolve and an address be there later.
    const bool may_pass = host.error().code == base::ErrorCode::kUnavailable;
    Report(may_pass ? Severity::kWarning : Severity::kError, code::kListen, "http.host",
           std::string(why), may_pass ? "serve would not start while this is so" : "", assembly);
  }
  if (http.unix_socket.empty()) return;
  const auto socket = http::CheckSocketPath(http.unix_socket);
  if (socket) return;
  // There while the service runs: RuntimeDirectory= of systemd makes it.
  const bool is_made_later =
      socket.error().code == base::ErrorCode::kUnavailable && http.unix_socket.starts_with("/run/");
  Report(is_made_later ? Severity::kWarning : Severity::kError, code::kListen, "http.unix_socket",
         socket.error().message, "name a path in a folder that is there, where nothing else is",
         assembly);
}

// A folder that the start makes if it is not there.
void CheckSpool(Assembly& assembly) {
  const auto& http = assembly.result.config.consumer.http;
  if (http.spool != consumer::Spooling::kDisk || http.spool_dir.empty()) return;
  const auto report = [&](Severity severity, const std::string& message) {
    Report(severity, code::kNoFile, "consumer.http.spool_dir", message,
           "name a folder that the service's user can write in, or that can be made", assembly);
  };
  std::error_code failed;
  fs::path there = fs::absolute(http.spool_dir, failed).lexically_normal();
  while (fs::status(there, failed).type() == fs::file_type::not_found &&
         there.has_relative_path()) {
    there = there.parent_path();
  }
  struct statfs disk{};
  if (!fs::is_directory(there, failed)) {
    if (!failed) report(Severity::kError, there.string() + " is there and is no folder");
  } else if (::statfs(there.c_str(), &disk) == 0 &&
             ((disk.f_flags & ST_RDONLY) != 0 || disk.f_type == PROC_SUPER_MAGIC)) {
    report(Severity::kError, "cannot be made: nothing can be written in " + there.string());
  } else if (::access(there.c_str(), W_OK | X_OK) != 0) {
    report(Severity::kWarning, "this user cannot write in " + there.string());
  }
}

// OpenCV reads no cascade without its stages, in its old form or in its new.
void CheckCascade(Assembly& assembly) {
  const std::string& file = assembly.result.config.process.cascade.file;
  if (file.empty() || !IsStep("cascade", assembly.result.config)) return;
  std::string wrong = base::CanBeReread(file) ? "" : "is no regular file (a pipe, a device)";
  if (wrong.empty()) {
    const auto text = base::ReadTextFile(file, base::Reading::kAgain);
    if (text && !text->contains("stages")) wrong = "is no Haar or LBP cascade of OpenCV's";
  }
  if (wrong.empty()) return;
  Report(Severity::kError, code::kNoFile, "process.cascade.file", Shown(file, 200) + " " + wrong,
         "", assembly);
}

// Where pictures or clips of events go.
void CheckFolder(const char* key, const std::string& path, Assembly& assembly) {
  if (path.empty()) return;
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status) || fs::is_directory(status)) return;
  Report(Severity::kError, code::kNoFile, key, "it is there and is no folder",
         "name a folder, which is made if it is not there", assembly);
}

// A folder that has to be there: what is above what the service writes is never made, since it may
// be a disk that is not there yet, below whose mount point what was written would be lost to view.
// A start goes on without it and tries again. Of systemd's places nothing is said: a unit's
// StateDirectory= and the like are there while the service runs.
void CheckParent(const char* key, const std::string& path, Assembly& assembly) {
  if (path.empty()) return;
  std::error_code failed;
  const fs::path folder = fs::absolute(path, failed).lexically_normal();
  const fs::path parent =
      folder.has_filename() ? folder.parent_path() : folder.parent_path().parent_path();
  if (failed || fs::status(parent, failed).type() != fs::file_type::not_found) return;
  constexpr std::string_view kOfUnits[] = {"/run", "/var/cache", "/var/lib", "/var/log"};
  if (std::ranges::find(kOfUnits, parent.parent_path().string()) != std::end(kOfUnits)) return;
  Report(Severity::kWarning, code::kNoFile, key,
         "the folder " + Shown(parent.string(), 200) +
             " is not there, and is not made: nothing can be written until it is",
         path.starts_with('~') ? kWholePath : "make it (mkdir -p), or name one that is there",
         assembly);
}

void CheckParents(Assembly& assembly) {
  const Config& config = assembly.result.config;
  const auto& sinks = config.consumer.sinks;
  if (std::ranges::find(sinks, "file") != sinks.end()) {
    CheckParent("consumer.file.path", config.consumer.file.path, assembly);
  }
  CheckParent("events.history", config.events.path, assembly);
  CheckParent("events.snapshots", config.snapshots.path, assembly);
  CheckParent("events.clips", config.clips.path, assembly);
}

// What a start takes for events before the first frame, and where it writes.
void CheckEvents(const resources::MachineLimits& machine, Assembly& assembly) {
  const Config& config = assembly.result.config;
  if (!config.events.path.empty()) {
    const auto seen = history::Look(config.events.path);
    if (!seen && seen.error().code == base::ErrorCode::kConfig) {
      Report(Severity::kError, code::kNoFile, "events.history", Shown(seen.error().message, 400),
             "name a new file, or one that has been a history", assembly);
    }
  }
  const history::SnapshotOptions& snapshots = config.snapshots;
  const history::ClipOptions& clips = config.clips;
  CheckFolder("events.snapshots", snapshots.path, assembly);
  CheckFolder("events.clips", clips.path, assembly);
  std::size_t needed = config.events.path.empty() ? 0 : history::Journal::kMemory;
  const std::size_t limit = resources::MemoryCapacity(config.resources, machine);
  const std::string here = ", which is " + FormatSize(static_cast<std::int64_t>(limit)) + " here";
  if (!snapshots.path.empty()) {
    needed += history::Snapshots::MemoryFor(snapshots);
    if (needed > limit) {
      return Report(
          Severity::kError, code::kMemory, "events.snapshots_max_files",
          "what is known of so many pictures takes more than resources.memory_limit" + here,
          "allow fewer, or raise resources.memory_limit", assembly);
    }
  }
  if (clips.path.empty() || needed + history::Clips::MemoryFor(clips) <= limit) return;
  Report(Severity::kError, code::kMemory, "events.clip_memory",
         "it and what is known of events.clips_max_files clips take more than "
         "resources.memory_limit" +
             here,
         "allow less, or raise resources.memory_limit", assembly);
}

// The file for results, where a sink has it.
void CheckResults(Assembly& assembly) {
  const consumer::Options& consumer = assembly.result.config.consumer;
  if (std::ranges::find(consumer.sinks, "file") == consumer.sinks.end()) return;
  if (const auto usable = consumer::FileTarget::Check(consumer.file.path); !usable) {
    Report(Severity::kError, code::kNoFile, "consumer.file.path",
           Shown(usable.error().message, 400), "", assembly);
  }
}

// What a start would refuse of the detectors' files before it runs their networks.
void CheckDetectors(const std::vector<std::string>& unreadable, Assembly& assembly) {
  const Config& config = assembly.result.config;
  for (const detect::DetectorOptions& each : config.process.detectors) {
    const std::string section = "detector." + each.name;
    const auto is_unreadable = [&](const std::string& key) {
      return std::ranges::find(unreadable, section + key) != unreadable.end();
    };
    if (each.model.empty() || !IsStep(each.name, config) || is_unreadable(".model") ||
        is_unreadable(".labels")) {
      continue;
    }
    const std::vector<std::string>& steps = config.process.pipeline;
    const bool is_by_default =
        assembly.result.origins["process.pipeline"].kind == Origin::Kind::kDefault &&
        std::ranges::find(steps, each.name) != steps.end();
    for (const detect::Fault& fault : detect::FaultsOf(each, config.process.models)) {
      Report(Severity::kError, code::kDetector, section + "." + fault.key,
             Shown(fault.message, 400),
             is_by_default ? "it is used because it is in process.model_dir: put a whole one there "
                             "(packaging/fetch-models.sh), or set process.pipeline"
                           : "",
             assembly);
    }
  }
}

// Whether what is no URL begins as one does behind its scheme: with a host that a name, an address
// or a port gives away.
bool BeginsWithHost(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  if (first.starts_with('[')) return true;
  const std::size_t colon = first.rfind(':');
  const std::string_view host = first.substr(0, colon);
  if (host.empty()) return false;
  if (colon != std::string_view::npos) {
    const std::string_view port = first.substr(colon + 1);
    return !port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos;
  }
  if (host == "localhost" || host.starts_with("www.") || http::ParseAddress(host)) return true;
  // "camera.example.com/stream"; a file alone has a dot in its name as well.
  return first.size() < path.size() && host.find('.', 1) != std::string_view::npos &&
         !host.starts_with("..");
}

// What the service would take pictures from and is not there, mostly since it was meant as a URL.
void CheckCameraFiles(const std::vector<NamedFile>& files, Assembly& assembly) {
  for (const NamedFile& file : files) {
    if (!file.key.ends_with(".url") || IsTold(file.path)) continue;
    if (::access(file.path.c_str(), R_OK) == 0) continue;
    const int error = errno;
    if (BeginsWithHost(file.path) && error != EACCES) {
      Report(Severity::kWarning, code::kCameras, file.key,
             "is taken for the path of a file, which is not there",
             "write \"rtsp://" + Shown(file.path) + "\" or \"http://...\" if it is a camera's URL",
             assembly);
    } else {
      // It may come later, and is tried again until then.
      Report(Severity::kWarning, code::kNoFile, file.key,
             Shown(file.path, 200) + " cannot be read: " + std::strerror(error),
             "it has to be there for the user that the service runs as", assembly);
    }
  }
}

}  // namespace

void CheckMachine(const resources::MachineLimits& machine, Assembly& assembly) {
  const std::vector<NamedFile> files = FilesRead(assembly.schema, assembly.result.config);
  std::vector<std::string> unreadable;
  for (const NamedFile& file : files) {
    if (CheckFile(file, assembly)) {
      CheckPassword(file, assembly);
    } else {
      unreadable.push_back(file.key);
    }
  }
  CheckContent(unreadable, assembly);
  CheckCameraFiles(files, assembly);
  CheckEvents(machine, assembly);
  CheckParents(assembly);
  CheckResults(assembly);
  CheckDetectors(unreadable, assembly);
  CheckListening(assembly);
  CheckSpool(assembly);
  CheckCascade(assembly);
  const Config& config = assembly.result.config;
  if (machine.memory_limit && config.resources.memory_limit > *machine.memory_limit) {
    Report(Severity::kWarning, code::kTooMuchMemory, "resources.memory_limit",
           "is more than the control group's limit here, " +
               FormatSize(static_cast<std::int64_t>(*machine.memory_limit)) +
               ": the kernel would end the service before the limit counts",
           "leave it at \"auto\", or set it to three quarters of that", assembly);
  }
  if (config.process.workers > machine.cpus) {
    Report(Severity::kWarning, code::kTooManyWorkers, "process.workers",
           std::to_string(config.process.workers) + " workers share " +
               std::to_string(machine.cpus) + " of this machine's CPUs",
           "leave it at \"auto\"", assembly);
  }
}

void CheckModules(Assembly& assembly) {
  const Config& config = assembly.result.config;
  const auto check = [&assembly](std::string_view file, const std::string& key,
                                 const std::string& what) {
    if (const auto found = modules::FindModule(file); !found) {
      Report(Severity::kError, code::kNoFile, key, what + ": " + found.error().message, "",
             assembly);
    }
  };
  for (const char* step : {"motion", "people", "cascade"}) {
    if (!IsStep(step, config)) continue;
    check("sampleproc_opencv.so", "process.pipeline",
          "needs OpenCV for the step " + std::string(step));
    break;
  }
  if (!config.mqtt.url.empty()) check("sampleproc_mqtt.so", "mqtt.url", "needs MQTT");
  for (const auto& [id, camera] : config.cameras) {
    if (!camera.url.starts_with("rtsp")) continue;
    check("sampleproc_video.so", CameraSection(id) + ".url", "needs FFmpeg");
    break;
  }
}

}  // namespace sampleproc::config
