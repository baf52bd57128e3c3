#include "telemetry/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sampleproc::telemetry {
namespace {

// The fields of /proc/self/stat from the third on: the second may hold spaces.
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  std::vector<std::string> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(line.substr(name_end + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  // Numbers of the fields as in proc_pid_stat(5), less the three that StatFields leaves out.
  constexpr std::size_t kUser = 14 - 3, kSystem = 15 - 3, kThreads = 20 - 3, kStart = 22 - 3,
                        kVirtual = 23 - 3, kResident = 24 - 3;
  const std::vector<std::string> fields = StatFields();
  if (fields.size() > kResident) {
    const auto number = [&](std::size_t i) { return std::uint64_t{std::stoull(fields[i])}; };
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    stats.cpu_seconds = static_cast<double>(number(kUser) + number(kSystem)) / ticks;
    stats.threads = number(kThreads);
    stats.start_time_seconds = BootTime() + static_cast<double>(number(kStart)) / ticks;
    stats.virtual_bytes = number(kVirtual);
    stats.resident_bytes = number(kResident) * static_cast<std::uint64_t>(::getpagesize());
  }
  std::error_code error;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; !error && each != end;
       each.increment(error)) {
    ++stats.open_fds;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace sampleproc::telemetry
