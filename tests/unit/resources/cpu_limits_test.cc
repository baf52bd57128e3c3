#include "resources/cpu_limits.h"

#include <sched.h>

#include <catch2/catch.hpp>

#include "support/temp_dir.h"

namespace sampleproc::resources {
namespace {

int Hardware() {
  cpu_set_t set;
  CPU_ZERO(&set);
  REQUIRE(sched_getaffinity(0, sizeof set, &set) == 0);
  return CPU_COUNT(&set);
}

TEST_CASE("without a cgroup file the hardware counts, and a note says so") {
  const testing::TempDir root;
  const MachineLimits limits = ReadMachineLimits(root.path());
  CHECK(limits.cpus == Hardware());
  CHECK_FALSE(limits.memory_limit);
  CHECK_FALSE(limits.note.empty());
}

TEST_CASE("cgroup v2: quota rounded up and memory of the group's own files") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup", "0::/system.slice/x.service\n");
  root.Write("sys/fs/cgroup/system.slice/x.service/cpu.max", "50000 100000\n");
  root.Write("sys/fs/cgroup/system.slice/x.service/memory.max", "536870912\n");
  root.Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  const MachineLimits limits = ReadMachineLimits(root.path());
  CHECK(limits.cpus == 1);
  CHECK(limits.memory_limit == 536'870'912);
  CHECK(limits.note.empty());
}

TEST_CASE("cgroup v2: inside a container the mount's root is the group") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup", "0::/\n");
  root.Write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  root.Write("sys/fs/cgroup/memory.max", "1073741824\n");
  const MachineLimits limits = ReadMachineLimits(root.path());
  CHECK(limits.cpus == 1);
  CHECK(limits.memory_limit == 1'073'741'824);
}

TEST_CASE("cgroup v2: no limit is the hardware's, and a large quota never exceeds it") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup", "0::/\n");
  root.Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  root.Write("sys/fs/cgroup/memory.max", "max\n");
  CHECK(ReadMachineLimits(root.path()).cpus == Hardware());
  CHECK_FALSE(ReadMachineLimits(root.path()).memory_limit);
  root.Write("sys/fs/cgroup/cpu.max", "9223372036854775807 1\n");
  CHECK(ReadMachineLimits(root.path()).cpus == Hardware());
}

TEST_CASE("cgroup v2: the limit of a parent group binds its children") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup", "0::/pod/container\n");
  root.Write("sys/fs/cgroup/pod/cpu.max", "100000 100000\n");
  root.Write("sys/fs/cgroup/pod/memory.max", "268435456\n");
  root.Write("sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  root.Write("sys/fs/cgroup/pod/container/memory.max", "536870912\n");
  const MachineLimits limits = ReadMachineLimits(root.path());
  CHECK(limits.cpus == 1);
  CHECK(limits.memory_limit == 268'435'456);
}

TEST_CASE("cgroup v1: quota and memory of each controller") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup",
             "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n");
  root.Write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "90000\n");
  root.Write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n");
  root.Write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "268435456\n");
  const MachineLimits limits = ReadMachineLimits(root.path());
  CHECK(limits.cpus == 1);
  CHECK(limits.memory_limit == 268'435'456);
}

TEST_CASE("cgroup v1: the numbers for no limit are no limit") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup", "5:memory:/\n4:cpu:/\n");
  root.Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  root.Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const MachineLimits limits = ReadMachineLimits(root.path());
  CHECK(limits.cpus == Hardware());
  CHECK_FALSE(limits.memory_limit);
}

TEST_CASE("the hybrid layout of v1 and v2 is read by its v1 controllers") {
  const testing::TempDir root;
  root.Write("proc/self/cgroup", "4:cpu,cpuacct:/g\n2:memory:/g\n0::/g\n");
  root.Write("sys/fs/cgroup/cpu/g/cpu.cfs_quota_us", "100000\n");
  root.Write("sys/fs/cgroup/cpu/g/cpu.cfs_period_us", "100000\n");
  root.Write("sys/fs/cgroup/memory/g/memory.limit_in_bytes", "1000000\n");
  CHECK(ReadMachineLimits(root.path()).cpus == 1);
  CHECK(ReadMachineLimits(root.path()).memory_limit == 1'000'000);
}

TEST_CASE("cgroup files that cannot be read fall back to the hardware with one note") {
  for (const char* layout : {"0::/g\n", "4:cpu,cpuacct:/g\n2:memory:/g\n"}) {
    const testing::TempDir root;
    root.Write("proc/self/cgroup", layout);
    // A directory of that name opens and cannot be read, whoever asks: root reads any file.
    for (const char* name : {"g/cpu.max", "g/memory.max", "cpu/g/cpu.cfs_quota_us",
                             "memory/g/memory.limit_in_bytes"}) {
      std::filesystem::create_directories(root.path() / "sys/fs/cgroup" / name);
    }
    const MachineLimits limits = ReadMachineLimits(root.path());
    INFO(layout);
    CHECK(limits.cpus == Hardware());
    CHECK_FALSE(limits.memory_limit);
    CHECK(limits.note.starts_with("cannot read a limit in "));
    CHECK(limits.note.find('\n') == std::string::npos);
  }
}

TEST_CASE("garbage in cgroup files falls back to the hardware") {
  for (const char* garbage : {"", "\n", "x 100000\n", "100000\n", "-5 100000\n", "100000 0\n",
                              "99999999999999999999 100000\n"}) {
    const testing::TempDir root;
    root.Write("proc/self/cgroup", "0::/\n");
    root.Write("sys/fs/cgroup/cpu.max", garbage);
    INFO(garbage);
    CHECK(ReadMachineLimits(root.path()).cpus == Hardware());
    CHECK_FALSE(ReadMachineLimits(root.path()).note.empty());
  }
  for (const char* garbage : {"", "x\n", "-1\n", "0\n", "12 k\n", "99999999999999999999\n"}) {
    const testing::TempDir root;
    root.Write("proc/self/cgroup", "0::/\n");
    root.Write("sys/fs/cgroup/memory.max", garbage);
    INFO(garbage);
    CHECK_FALSE(ReadMachineLimits(root.path()).memory_limit);
    CHECK_FALSE(ReadMachineLimits(root.path()).note.empty());
  }
}

TEST_CASE("this machine has at least one CPU") { CHECK(ReadMachineLimits().cpus >= 1); }

}  // namespace
}  // namespace sampleproc::resources
