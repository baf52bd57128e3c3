#include "resources/cpu_limits.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <vector>

namespace sampleproc::resources {
namespace {

namespace fs = std::filesystem;

// cgroup v1 says "unlimited" with a number near 2^63; anything above this is no limit of a machine.
constexpr long long kUnlimited = 1LL << 60;

std::optional<long long> ToNumber(std::string_view text) {
  long long value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The line of /proc/self/cgroup for one hierarchy: "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1).
std::optional<std::string> GroupPath(const fs::path& root, std::string_view controller) {
  std::ifstream file(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controller.empty() ? names == ",,"
                           : names.find("," + std::string(controller) + ",") != std::string::npos) {
      return line.substr(second + 1);
    }
  }
  return std::nullopt;
}

// One controller's directories from the process's own group up to the mount's root: the limit of
// each binds. In a container with a private namespace, or a mount of the group alone, only the root
// exists.
std::vector<fs::path> GroupDirs(const fs::path& root, std::string_view controller,
                                const fs::path& mount) {
  const std::optional<std::string> group = GroupPath(root, controller);
  if (!group) return {};
  const fs::path top = root / mount;
  fs::path relative = fs::path(*group).relative_path();
  std::vector<fs::path> dirs;
  if (std::find(relative.begin(), relative.end(), "..") == relative.end()) {
    for (; !relative.empty(); relative = relative.parent_path()) dirs.push_back(top / relative);
  }
  dirs.push_back(top);
  return dirs;
}

// Reads limits and keeps the tightest; a file that is there but makes no sense is noted.
class Reader {
 public:
  explicit Reader(std::string& note) : note_(note) {}

  // "" when there is no such file, which is normal: the root group has none.
  std::string Line(const fs::path& path) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return "";
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || line.empty()) Note(path);
    return line;
  }

  // A positive number, or nothing and a note.
  std::optional<long long> Number(const fs::path& path, std::string_view text) {
    const auto value = ToNumber(text);
    if (value && *value > 0) return value;
    Note(path);
    return std::nullopt;
  }

  static void Tighten(std::optional<long long>& limit, long long value) {
    limit = limit ? std::min(*limit, value) : value;
  }

 private:
  void Note(const fs::path& path) {
    note_ = "cannot read a limit in " + path.filename().string() + "; using the hardware's";
  }

  std::string& note_;
};

int HardwareCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

long long CpusOfQuota(long long quota, long long period) {
  return quota / period + (quota % period != 0 ? 1 : 0);
}

std::optional<long long> QuotaCpus(const fs::path& root, Reader& reader) {
  std::optional<long long> cpus;
  for (const fs::path& dir : GroupDirs(root, "", "sys/fs/cgroup")) {
    const fs::path file = dir / "cpu.max";  // "max 100000", "150000 100000"
    const std::string line = reader.Line(file);
    if (line.empty() || line.starts_with("max")) continue;
    const std::size_t space = std::min(line.find(' '), line.size());
    const auto quota = reader.Number(file, std::string_view(line).substr(0, space));
    const auto period =
        reader.Number(file, std::string_view(line).substr(std::min(space + 1, line.size())));
    if (quota && period) Reader::Tighten(cpus, CpusOfQuota(*quota, *period));
  }
  for (const fs::path& dir : GroupDirs(root, "cpu", "sys/fs/cgroup/cpu")) {
    const std::string quota_line = reader.Line(dir / "cpu.cfs_quota_us");  // -1 for no limit
    const std::string period_line = reader.Line(dir / "cpu.cfs_period_us");
    if (quota_line.empty() || quota_line == "-1" || period_line.empty()) continue;
    const auto quota = reader.Number(dir / "cpu.cfs_quota_us", quota_line);
    const auto period = reader.Number(dir / "cpu.cfs_period_us", period_line);
    if (quota && period) Reader::Tighten(cpus, CpusOfQuota(*quota, *period));
  }
  return cpus;
}

std::optional<long long> MemoryLimit(const fs::path& root, Reader& reader) {
  std::optional<long long> bytes;
  const auto read = [&](const fs::path& file) {
    const std::string line = reader.Line(file);
    if (line.empty() || line == "max") return;
    const auto limit = reader.Number(file, line);
    if (limit && *limit < kUnlimited) Reader::Tighten(bytes, *limit);
  };
  for (const fs::path& dir : GroupDirs(root, "", "sys/fs/cgroup")) read(dir / "memory.max");
  for (const fs::path& dir : GroupDirs(root, "memory", "sys/fs/cgroup/memory")) {
    read(dir / "memory.limit_in_bytes");
  }
  return bytes;
}

}  // namespace

MachineLimits ReadMachineLimits(const std::filesystem::path& root) {
  MachineLimits limits;
  limits.cpus = HardwareCpus();
  std::error_code ignored;
  if (!fs::exists(root / "proc/self/cgroup", ignored)) {
    limits.note = "no readable /proc/self/cgroup; using the hardware's limits";
    return limits;
  }
  Reader reader(limits.note);
  if (const auto quota = QuotaCpus(root, reader)) {
    limits.cpus = static_cast<int>(std::min<long long>(limits.cpus, *quota));
  }
  if (const auto bytes = MemoryLimit(root, reader)) {
    limits.memory_limit = static_cast<std::size_t>(*bytes);
  }
  return limits;
}

std::size_t MemoryCapacity(const Options& options, const MachineLimits& machine) {
  constexpr std::size_t kDefault = std::size_t{1} << 30;
  if (options.memory_limit != 0) return options.memory_limit;
  return machine.memory_limit ? *machine.memory_limit / 4 * 3 : kDefault;
}

}  // namespace sampleproc::resources
