#include "files/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

TEST_CASE("a file is read whole") {
  const testing::TempDir dir;
  std::string content(300'000, 'x');
  content += std::string("\0end", 4);
  const auto bytes = ReadInput(dir.Write("f", content), 1'000'000);
  REQUIRE(bytes);
  CHECK(base::AsText(*bytes) == content);
  CHECK(ReadInput(dir.Write("empty", ""), 10)->empty());
}

TEST_CASE("the limit is exact and the error says both sizes") {
  const testing::TempDir dir;
  const auto path = dir.Write("f", "0123456789");
  CHECK(ReadInput(path, 11));
  CHECK(ReadInput(path, 10));
  const auto refused = ReadInput(path, 9);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kTooLarge);
  CHECK(refused.error().message.ends_with("f has 10 bytes; at most 9 are allowed"));
}

TEST_CASE("a file of many gigabytes is refused before memory is taken") {
  const testing::TempDir dir;
  const auto path = dir.Write("sparse", "");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40);
  CHECK(ReadInput(path, 100'000'000).error().code == base::ErrorCode::kTooLarge);
}

TEST_CASE("nothing but regular files is read, and a FIFO is not waited for") {
  const testing::TempDir dir;
  const auto fifo = dir.path() / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(ReadInput(fifo, 10).error().message.ends_with("is a FIFO to which nobody writes"));
  CHECK(ReadInput(dir.path(), 10).error().message.ends_with("is a directory, not a regular file"));
  CHECK(ReadInput("/dev/zero", 10).error().code == base::ErrorCode::kUnsupportedFormat);
  CHECK(ReadInput(dir.path() / "none", 10).error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("a file whose size is not what it holds is refused") {
  // The kernel gives this one the size 0 whatever it holds, as a file that grew would have it.
  const auto grown = ReadInput("/proc/self/status", 1'000'000);
  REQUIRE_FALSE(grown);
  CHECK(grown.error().code == base::ErrorCode::kIo);
  CHECK(grown.error().message.find("changed its size") != std::string::npos);
}

TEST_CASE("a descriptor is read to its end, up to the limit") {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{262'144}, std::size_t{1'000'000}}) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    std::thread writer([&] {
      fcntl(ends[1], F_SETFL, 0);
      const std::string text(size, 'y');
      for (std::size_t done = 0; done < size;) {
        const ssize_t written = write(ends[1], text.data() + done, size - done);
        if (written <= 0) break;
        done += static_cast<std::size_t>(written);
      }
      close(ends[1]);
    });
    const auto bytes = ReadDescriptor(ends[0], "a pipe", 1'000'000);
    writer.join();
    close(ends[0]);
    REQUIRE(bytes);
    CHECK(base::AsText(*bytes) == std::string(size, 'y'));
  }
}

TEST_CASE("a descriptor that never ends is refused at the limit") {
  const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const auto refused = ReadDescriptor(zeros, "standard input", 1'000'000);
  close(zeros);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kTooLarge);
  CHECK(refused.error().message.starts_with("standard input has more than 1000000"));
}

}  // namespace
}  // namespace sampleproc::files
