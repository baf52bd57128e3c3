#include "telemetry/process_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <span>
#include <string_view>

#include "base/descriptor.h"

namespace sampleproc::telemetry {
namespace {

// What a file of /proc has, as far as there is room for it.
std::string_view ReadStart(const char* path, std::span<char> room) {
  const base::Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return {};
  const ssize_t got = ::read(file.get(), room.data(), room.size());
  return {room.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
}

// The first word of `text`, which is taken off it.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t from = text.find_first_not_of(" \n");
  if (from == text.npos) return text = {};
  text.remove_prefix(from);
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

std::uint64_t Number(std::string_view word) {
  std::uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

// In seconds since 1970; it does not change.
double BootTime() {
  std::array<char, 64 * 1024> room;
  constexpr std::string_view kName = "\nbtime ";
  const std::string_view text = ReadStart("/proc/stat", room);
  const std::size_t at = text.find(kName);
  if (at == text.npos) return 0;
  std::string_view rest = text.substr(at + kName.size());
  return static_cast<double>(Number(TakeWord(rest)));
}

// The fields of /proc/self/stat from the third on: the second may hold spaces.
void ReadStat(ProcessStats& stats) {
  // Numbers of the fields as in proc_pid_stat(5).
  constexpr int kFirst = 3, kUser = 14, kSystem = 15, kThreads = 20, kStart = 22, kVirtual = 23,
                kResident = 24;
  std::array<char, 4096> room;
  std::string_view rest = ReadStart("/proc/self/stat", room);
  const std::size_t name_end = rest.rfind(')');
  if (name_end == rest.npos) return;
  rest.remove_prefix(name_end + 1);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  for (int field = kFirst; field <= kResident; ++field) {
    const std::uint64_t number = Number(TakeWord(rest));
    if (field == kUser || field == kSystem)
      stats.cpu_seconds += static_cast<double>(number) / ticks;
    if (field == kThreads) stats.threads = number;
    if (field == kStart) {
      stats.start_time_seconds = BootTime() + static_cast<double>(number) / ticks;
    }
    if (field == kVirtual) stats.virtual_bytes = number;
    if (field == kResident) {
      stats.resident_bytes = number * static_cast<std::uint64_t>(::getpagesize());
    }
  }
}

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats stats;
  ReadStat(stats);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  while (folder != nullptr) {
    const dirent* const each = ::readdir(folder.get());
    if (each == nullptr) break;
    if (each->d_name[0] != '.') ++stats.open_fds;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace sampleproc::telemetry
