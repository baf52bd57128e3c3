#include "files/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/descriptor.h"
#include "files/checkpoint_writer.h"
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

TEST_CASE(
    "a checkpoint keeps what was given, as long as that is short, and how the first record "
    "begins") {
  const testing::TempDir dir;
  const std::string path = (dir.path() / "state").string();
  Checkpoint checkpoint{.settings = 1, .records = 2, .output = {3, 4}, .place = {}};
  checkpoint.given = {
      {"process.pipeline", "[\"stats\"]"}, {"records", "7"}, {"--raw", "8x8:gray8"}};
  checkpoint.first = {5, 6};
  checkpoint.first_beginning = std::string("{\"\0\xFF\x10", 5);
  REQUIRE(SaveCheckpoint(path, checkpoint));
  CHECK(LoadCheckpoint(path).value() == checkpoint);
  Checkpoint long_one = checkpoint;
  long_one.given["process.pipeline"] = std::string(kMostGiven, 'x');
  REQUIRE(SaveCheckpoint(path, long_one));
  long_one.given.clear();
  CHECK(LoadCheckpoint(path).value() == long_one);
}

TEST_CASE("a run that ends between its first record and the checkpoint has announced the record") {
  const testing::TempDir dir;
  const std::string out = dir.Write("out", "").string();
  const std::string path = (dir.path() / "state").string();
  const base::Descriptor file(::open(out.c_str(), O_RDWR | O_CLOEXEC));
  bool fails = false;
  const auto sync = [&]() -> base::Result<OutputEnd> {
    if (fails) return base::Fail(base::ErrorCode::kIo, "killed");
    return EndOfOutput(file.get(), std::filesystem::file_size(out));
  };
  const auto line = [](const Record& record) { return NdjsonLine(record, {}); };
  const Record record{.source = {.source = "a.jpg"},
                      .frame_id = "1",
                      .result = base::Fail(base::ErrorCode::kInvalidFrame, "it is no picture")};
  Checkpoint start;
  start.settings = 1;
  CheckpointWriter writer(MakeNdjsonWriter(file.get(), "out", {}), line, sync, path, start,
                          base::SystemClock());
  REQUIRE(writer.Begin());
  CHECK(LoadCheckpoint(path).value()->first.digest == 0);
  fails = true;
  CHECK_FALSE(writer.Write(record));
  const Checkpoint left = **LoadCheckpoint(path);
  CHECK(left.records == 0);
  CHECK(left.output.bytes == 0);
  CHECK(std::filesystem::file_size(out) > 0);
  CHECK(left.first == *EndOfOutput(file.get(), std::filesystem::file_size(out)));
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
