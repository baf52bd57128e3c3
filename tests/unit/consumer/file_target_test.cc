#include "consumer/sinks/file_target.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "support/temp_dir.h"

namespace sampleproc::consumer {
namespace {

namespace fs = std::filesystem;

std::string Text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Until all are settled, or one cannot be.
base::Result<void> DeliverAll(FileTarget& target, const std::vector<std::string>& lines) {
  std::vector<ResultRecord> records;
  for (const std::string& line : lines) records.push_back({"id", line});
  std::size_t done = 0;
  while (done < records.size()) {
    std::vector<const ResultRecord*> left;
    for (std::size_t i = done; i < records.size(); ++i) left.push_back(&records[i]);
    const auto settled = target.Deliver(left, {});
    if (!settled) return std::unexpected(settled.error());
    done += settled->delivered;
  }
  return {};
}

TEST_CASE("results are lines, appended to what is there") {
  const testing::TempDir dir;
  const fs::path path = dir.Write("out.ndjson", "{\"old\":1}\n");
  FileTarget target({.path = path.string()});
  REQUIRE(DeliverAll(target, {"{\"a\":1}", "{\"b\":2}"}));
  CHECK(Text(path) == "{\"old\":1}\n{\"a\":1}\n{\"b\":2}\n");
}

TEST_CASE("a line that a crash has left is ended before the next") {
  const testing::TempDir dir;
  const fs::path path = dir.Write("out.ndjson", "{\"torn");
  FileTarget target({.path = path.string()});
  REQUIRE(DeliverAll(target, {"{}"}));
  CHECK(Text(path) == "{\"torn\n{}\n");
}

TEST_CASE("an open descriptor is not taken for a file, as it cannot be renamed") {
  const testing::TempDir dir;
  const fs::path path = dir.Write("out.ndjson", "");
  const base::Descriptor file(::open(path.c_str(), O_WRONLY));
  REQUIRE(file.get() >= 0);
  fs::create_symlink("/dev/fd/" + std::to_string(file.get()), dir.path() / "link");
  FileTarget target({.path = (dir.path() / "link").string()});
  const auto done = DeliverAll(target, {"{}"});
  REQUIRE_FALSE(done);
  CHECK(done.error().message.ends_with("name a file"));
  CHECK(Text(path).empty());
}

TEST_CASE("a full file is renamed, and the oldest deleted") {
  const testing::TempDir dir;
  const fs::path path = dir.path() / "out.ndjson";
  FileTarget target({.path = path.string(), .max_bytes = 10, .keep = 2});
  // Two lines of five bytes a file; one that is longer than a file has one by itself.
  REQUIRE(DeliverAll(target, {"aaaa", "bbbb", "cccc", "dddd", "0123456789abcdef", "eeee"}));
  CHECK(Text(path) == "eeee\n");
  CHECK(Text(dir.path() / "out.ndjson.1") == "0123456789abcdef\n");
  CHECK(Text(dir.path() / "out.ndjson.2") == "cccc\ndddd\n");
  CHECK_FALSE(fs::exists(dir.path() / "out.ndjson.3"));
}

TEST_CASE("a file that was moved away or emptied by somebody else is followed") {
  const testing::TempDir dir;
  const fs::path path = dir.path() / "out.ndjson";
  FileTarget target({.path = path.string(), .max_bytes = 10, .keep = 2});
  REQUIRE(DeliverAll(target, {"aaaa", "bbbb"}));
  fs::rename(path, dir.path() / "moved");
  REQUIRE(DeliverAll(target, {"cccc"}));
  CHECK(Text(path) == "cccc\n");
  CHECK(Text(dir.path() / "moved") == "aaaa\nbbbb\n");
  fs::resize_file(path, 0);
  REQUIRE(DeliverAll(target, {"dddd", "eeee"}));
  CHECK(Text(path) == "dddd\neeee\n");
}

TEST_CASE("what cannot be a file of results is said, and may become one") {
  const testing::TempDir dir;
  const fs::path missing = dir.path() / "folder" / "out.ndjson";
  FileTarget later({.path = missing.string()});
  const auto failed = DeliverAll(later, {"{}"});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == base::ErrorCode::kIo);
  CHECK(failed.error().message == missing.string() + ": No such file or directory");
  fs::create_directory(dir.path() / "folder");
  CHECK(DeliverAll(later, {"{}"}));

  const fs::path fifo = dir.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  FileTarget into_fifo({.path = fifo.string()});
  CHECK(DeliverAll(into_fifo, {"{}"}).error().message == fifo.string() + " is no regular file");
}

TEST_CASE("what never becomes a file of results is known before the first one") {
  const testing::TempDir dir;
  const fs::path fifo = dir.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::string photo = dir.Write("photo.jpg", "\xff\xd8\xff").string();
  for (const std::string& path :
       {dir.path().string(), fifo.string(), photo, std::string("/dev/stdout")}) {
    const auto checked = FileTarget::Check(path);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == base::ErrorCode::kConfig);
    CHECK(checked.error().message.starts_with(path));
  }
  CHECK(FileTarget::Check(dir.Write("file", "{}\n").string()));
  CHECK(FileTarget::Check((dir.path() / "folder" / "new").string()));
}

TEST_CASE("two do not write to one file") {
  const testing::TempDir dir;
  const fs::path path = dir.path() / "out.ndjson";
  std::optional<FileTarget> first(std::in_place, FileSinkOptions{.path = path.string()});
  REQUIRE(DeliverAll(*first, {"a"}));
  FileTarget second({.path = path.string()});
  CHECK(DeliverAll(second, {"b"}).error().message ==
        path.string() + ": another process writes to it");
  first.reset();
  CHECK(DeliverAll(second, {"b"}));
  CHECK(Text(path) == "a\nb\n");
}

TEST_CASE("a disk without room takes a whole line or nothing") {
  const testing::TempDir dir;
  const fs::path path = dir.path() / "out.ndjson";
  FileTarget limited({.path = path.string()});
  REQUIRE(DeliverAll(limited, {"aaaa"}));
  // A limit of this process stands for the disk, which a test cannot fill.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 8;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto full = DeliverAll(limited, {"bbbbbbbb"});
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, ignored);
  CHECK(full.error().code == base::ErrorCode::kIo);
  CHECK(Text(path) == "aaaa\n");
  CHECK(DeliverAll(limited, {"bbbbbbbb"}));
  CHECK(Text(path) == "aaaa\nbbbbbbbb\n");
}

}  // namespace
}  // namespace sampleproc::consumer
