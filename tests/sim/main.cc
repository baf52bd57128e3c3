// sim_tests --seed N [-v]            one run, and what happens in it
// sim_tests [--from N] [--seeds N]   so many runs, from the first one on, on all processors
//
// --out-of-memory: in some of them allocations fail, too.
//
// Exit code 0: every promise held in every run. Each failing seed is printed with the promise it
// broke.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/run.h"

namespace {

using sampleproc::sim::RunOptions;
using sampleproc::sim::RunResult;
using sampleproc::sim::RunSeed;

// Runs in one process, since one that fails ends it.
constexpr std::uint64_t kTogether = 50;
// A run takes milliseconds; one that takes so long goes round for ever.
constexpr unsigned kEndless = 120;

struct Words {
  std::uint64_t from = 1;
  std::uint64_t seeds = 500;
  bool one = false;
  RunOptions options;
};

unsigned long long Printed(std::uint64_t number) { return number; }

Words Read(int count, char** words) {
  Words read;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const char* const value = i + 1 < count ? words[i + 1] : "";
    if (word == "-v") {
      read.options.verbose = true;
    } else if (word == "--out-of-memory") {
      read.options.out_of_memory = true;
    } else if (word == "--seed" || word == "--from") {
      read.one = word == "--seed";
      read.from = std::strtoull(value, nullptr, 10);
      ++i;
    } else if (word == "--seeds") {
      read.seeds = std::strtoull(value, nullptr, 10);
      ++i;
    } else {
      std::fputs("usage: sim_tests [--seed N [-v]] [--from N] [--seeds N] [--out-of-memory]\n",
                 stderr);
      std::exit(2);
    }
  }
  return read;
}

// Some seeds in a process of their own; `at` is shared and says which one it is at.
struct Part {
  std::uint64_t to;
  std::uint64_t* at;
};

// Where runs leave what they write; one that fails does not clean up.
class Folder {
 public:
  Folder() {
    if (::mkdtemp(path_.data()) == nullptr) {
      std::perror("mkdtemp");
      std::exit(1);
    }
    ::setenv("TMPDIR", path_.c_str(), 1);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

 private:
  std::string path_ = std::filesystem::temp_directory_path().string() + "/sampleproc-sims-XXXXXX";
};

void Begin(std::map<pid_t, Part>& parts, const Words& words, std::uint64_t from, const Part& part) {
  std::fflush(stdout);
  *part.at = from;
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("fork");
    std::exit(1);
  }
  if (child > 0) {
    parts.emplace(child, part);
    return;
  }
  for (; *part.at < part.to; ++*part.at) {
    ::alarm(kEndless);
    const RunResult result = RunSeed(*part.at, words.options);
    // One of each process' runs is run again, which must be the same.
    if (*part.at == from && !words.one &&
        RunSeed(from, {.out_of_memory = words.options.out_of_memory}).digest != result.digest) {
      std::fprintf(stderr, "seed %llu: its second run is another one\n", Printed(from));
      std::_Exit(1);
    }
    if (!words.one) continue;
    std::printf("seed %llu: digest %016llx, %llu switches\n", Printed(*part.at),
                Printed(result.digest), Printed(result.switches));
  }
  std::fflush(stdout);
  std::_Exit(0);
}

std::vector<std::uint64_t> RunAll(const Words& words) {
  const std::uint64_t to = words.from + words.seeds;
  const std::size_t jobs = std::max(1U, std::thread::hardware_concurrency());
  void* const page = ::mmap(nullptr, jobs * sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    std::perror("mmap");
    std::exit(1);
  }
  std::map<pid_t, Part> parts;
  std::vector<std::uint64_t> failed;
  std::uint64_t next = words.from;
  const auto begin_next = [&](std::uint64_t* at) {
    if (next >= to) return;
    const std::uint64_t end = std::min(to, next + kTogether);
    Begin(parts, words, next, {.to = end, .at = at});
    next = end;
  };
  for (std::size_t i = 0; i < jobs; ++i) begin_next(static_cast<std::uint64_t*>(page) + i);
  while (!parts.empty()) {
    int status = 0;
    const pid_t child = ::wait(&status);
    const auto found = parts.find(child);
    if (found == parts.end()) continue;
    const Part part = found->second;
    parts.erase(found);
    if (status == 0) {
      begin_next(part.at);
      continue;
    }
    if (WIFSIGNALED(status)) {
      std::fprintf(stderr, "seed %llu: signal %d\n", Printed(*part.at), WTERMSIG(status));
    }
    failed.push_back(*part.at);
    if (*part.at + 1 < part.to) {
      Begin(parts, words, *part.at + 1, part);
    } else {
      begin_next(part.at);
    }
  }
  return failed;
}

}  // namespace

int main(int count, char** words) {
  // Stacks and pictures come and go with each run; giving them back costs more than the run.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const Folder folder;
  Words read = Read(count, words);
  if (read.one) read.seeds = 1;
  const auto failed = RunAll(read);
  if (!read.one) std::printf("%llu seeds, %zu failed\n", Printed(read.seeds), failed.size());
  if (!failed.empty() && !read.options.verbose) {
    std::printf("once more, and why: %s --seed %llu -v\n", words[0], Printed(failed.front()));
  }
  return failed.empty() ? 0 : 1;
}
