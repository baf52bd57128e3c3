#include "resources/cpu_limits.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace sampleproc::resources {
namespace {

namespace fs = std::filesystem;

// cgroup v1 says "unlimited" with a number near 2^63; anything above this is no limit of a machine.
constexpr std::size_t kUnlimited = std::size_t{1} << 60;

std::optional<std::string> FirstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) return std::nullopt;
  return line;
}

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

// The group's own file first, then the mount's root, which is what a container with a private
// cgroup namespace sees.
std::optional<std::string> GroupFile(const fs::path& root, std::string_view controller,
                                     const fs::path& mount, const char* name) {
  const std::optional<std::string> group = GroupPath(root, controller);
  if (!group) return std::nullopt;
  fs::path relative = fs::path(*group).relative_path();
  if (auto line = FirstLine(root / mount / relative / name)) return line;
  return FirstLine(root / mount / name);
}

int CpusOfQuota(long long quota, long long period) {
  return static_cast<int>(std::clamp((quota + period - 1) / period, 1LL, 4096LL));
}

int HardwareCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

std::optional<int> QuotaCpus(const fs::path& root) {
  if (auto line =
          GroupFile(root, "", "sys/fs/cgroup", "cpu.max")) {  // "max 100000", "150000 100000"
    const auto space = line->find(' ');
    if (space == std::string::npos) return std::nullopt;
    const auto quota = ToNumber(line->substr(0, space));
    const auto period = ToNumber(line->substr(space + 1));
    if (quota && period && *quota > 0 && *period > 0) return CpusOfQuota(*quota, *period);
    return std::nullopt;
  }
  const auto quota = GroupFile(root, "cpu", "sys/fs/cgroup/cpu", "cpu.cfs_quota_us");
  const auto period = GroupFile(root, "cpu", "sys/fs/cgroup/cpu", "cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  const auto q = ToNumber(*quota);
  const auto p = ToNumber(*period);
  if (q && p && *q > 0 && *p > 0) return CpusOfQuota(*q, *p);
  return std::nullopt;
}

std::optional<std::size_t> MemoryLimit(const fs::path& root) {
  auto line = GroupFile(root, "", "sys/fs/cgroup", "memory.max");  // "max" or bytes
  if (!line) line = GroupFile(root, "memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes");
  if (!line) return std::nullopt;
  const auto bytes = ToNumber(*line);
  if (!bytes || *bytes <= 0 || static_cast<std::size_t>(*bytes) >= kUnlimited) return std::nullopt;
  return static_cast<std::size_t>(*bytes);
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
  if (auto quota = QuotaCpus(root)) limits.cpus = std::min(limits.cpus, *quota);
  limits.memory_limit = MemoryLimit(root);
  return limits;
}

}  // namespace sampleproc::resources
