// What a configuration asks of a machine: files, memory, CPUs.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "unit/config/loading.h"

namespace sampleproc::config {
namespace {

std::string On(const resources::MachineLimits& machine, std::vector<Flag> flags) {
  for (Flag& flag : flags) flag.name = "--set " + flag.path;
  return Render(Load({.flags = std::move(flags), .file = Empty(), .machine = machine}));
}

TEST_CASE("a machine that has what is asked for is no reason for a word") {
  CHECK(On({4, 1u << 30, ""},
           {{"process.workers", "4", ""}, {"resources.memory_limit", "1GiB", ""}}) == "");
  CHECK(On({1, std::nullopt, ""}, {{"resources.memory_limit", "64GiB", ""}}) == "");
}

TEST_CASE("more memory and more workers than there are") {
  const std::string text =
      On({2, 1u << 29, ""}, {{"process.workers", "3", ""}, {"resources.memory_limit", "1GiB", ""}});
  INFO(text);
  CHECK(text.find("--set resources.memory_limit: warning: resources.memory_limit: is more than the "
                  "control group's limit here, 512MiB") != std::string::npos);
  CHECK(text.find("[SP1303]") != std::string::npos);
  CHECK(text.find("process.workers: 3 workers share 2 of this machine's CPUs [SP1304]") !=
        std::string::npos);
}

TEST_CASE("a file that is named has to be readable, and a secret one only for its owner") {
  const TempDir dir;
  const auto with = [](const std::string& path) {
    return On({1, std::nullopt, ""}, {{"consumer.redis.password_file", path, ""}});
  };
  CHECK(
      with(dir.path("gone")).find("the file cannot be read: No such file or directory [SP1301]") !=
      std::string::npos);
  CHECK(with(dir.path()).find("Is a directory [SP1301]") != std::string::npos);
  const std::string secret = dir.Write("secret", "canary\n");
  ::chmod(secret.c_str(), 0644);
  CHECK(with(secret).find("everybody on this machine can read the file [SP1302]") !=
        std::string::npos);
  ::chmod(secret.c_str(), 0640);
  CHECK(with(secret) == "");
}

}  // namespace
}  // namespace sampleproc::config
