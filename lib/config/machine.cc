#include "config/machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/units.h"

namespace sampleproc::config {
namespace {

void Report(Severity severity, std::string_view code, const std::string& key, std::string message,
            std::string hint, Assembly& assembly) {
  assembly.Report({severity, code, assembly.result.origins[key], key, std::move(message),
                   std::move(hint), assembly.source_lines[key]});
}

void CheckFile(const Key& key, Assembly& assembly) {
  const auto path = std::get<std::string>(key.get(assembly.result.config));
  if (path.empty()) return;
  const std::string name(key.path);
  // Not to be held up by a pipe without a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info{};
  int error = fd < 0 || ::fstat(fd, &info) != 0 ? errno : 0;
  if (fd >= 0) ::close(fd);
  if (error == 0 && S_ISDIR(info.st_mode)) error = EISDIR;
  if (error != 0) {
    Report(Severity::kError, code::kNoFile, name,
           std::string("the file cannot be read: ") + std::strerror(error),
           "it has to be there for the user that the service runs as", assembly);
  } else if (key.secret_file && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH) != 0) {
    Report(Severity::kWarning, code::kOpenSecret, name,
           "everybody on this machine can read the file", "chmod o-r it", assembly);
  }
}

}  // namespace

void CheckMachine(const resources::MachineLimits& machine, Assembly& assembly) {
  for (const Key& key : assembly.schema) {
    if (key.file || key.secret_file) CheckFile(key, assembly);
  }
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

}  // namespace sampleproc::config
