#include "files/checkpoint.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "files/sole_writer.h"
#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

TEST_CASE("a checkpoint that another run writes is left to it, and the failure says so") {
  const testing::TempDir dir;
  const std::string path = (dir.path() / "state").string();
  const std::string fresh = path + ".new";
  const Checkpoint checkpoint{.settings = 1, .records = 2, .output = {3, 4}, .place = {}};
  {
    const base::Descriptor other(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(BecomeSoleWriter(other.get(), fresh));
    const auto refused = SaveCheckpoint(path, checkpoint);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find(path + ": another process writes it") != std::string::npos);
  }
  REQUIRE(SaveCheckpoint(path, checkpoint));
  CHECK(LoadCheckpoint(path).value() == checkpoint);
  CHECK_FALSE(std::filesystem::exists(fresh));
}

TEST_CASE("a file that has gone to its place is no longer for its writer") {
  const testing::TempDir dir;
  const std::string path = dir.Write("out.part", "x").string();
  const base::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(BecomeSoleWriter(file.get(), path));
  std::filesystem::rename(path, dir.path() / "out");
  CHECK_FALSE(BecomeSoleWriter(file.get(), path));
}

}  // namespace
}  // namespace sampleproc::files
