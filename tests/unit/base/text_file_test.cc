#include "base/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/descriptor.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace sampleproc::base {
namespace {

TEST_CASE("a running service reads regular files only, and waits for nobody") {
  const testing::TempDir dir;
  const std::string file = dir.Write("file", "text\n").string();
  CHECK(ReadTextFile(file, Reading::kAgain).value() == "text\n");
  CHECK(ReadTextFile("/dev/null", Reading::kAgain).value().empty());
  CHECK(CanBeReread(file));
  CHECK(CanBeReread((dir.path() / "missing").string()));
  const std::string fifo = (dir.path() / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& path : {fifo, std::string("/dev/zero"), std::string("/dev/full")}) {
    CAPTURE(path);
    CHECK(ReadTextFile(path, Reading::kAgain).error().error_number == ESPIPE);
    CHECK_FALSE(CanBeReread(path));
  }
  CHECK(ReadTextFile(dir.path().string(), Reading::kAgain).error().error_number == EISDIR);
  CHECK(ReadTextFile((dir.path() / "missing").string(), Reading::kAgain).error().error_number ==
        ENOENT);
}

TEST_CASE("what is read at the start may be a pipe, and has an end and a bound") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  REQUIRE(::write(in.get(), "text", 4) == 4);
  const std::string path = "/dev/fd/" + std::to_string(out.get());
  CHECK_FALSE(CanBeReread(path));
  const Deadline over(SystemClock(), std::chrono::milliseconds(0));
  CHECK(ReadTextFile(path, Reading::kFirst, over).error().error_number == ETIMEDOUT);
  in.reset();
  CHECK(ReadTextFile(path, Reading::kFirst).value() == "text");
  const testing::TempDir dir;
  for (const std::string& huge :
       {std::string("/dev/zero"),
        dir.Write("huge", std::string(kMaxTextFileBytes + 1, 'x')).string()}) {
    CHECK(ReadTextFile(huge, Reading::kFirst).error().error_number == EFBIG);
  }
}

TEST_CASE("a FIFO to which nobody writes is told from one that is silent") {
  const testing::TempDir dir;
  const std::string fifo = (dir.path() / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto read = [&] {
    const Deadline over(SystemClock(), std::chrono::milliseconds(1));
    return ReadTextFile(fifo, Reading::kFirst, over).error();
  };
  CHECK(read().message.ends_with("to which nobody writes"));
  const Descriptor writer(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  CHECK(read().message.starts_with("nothing comes out"));
}

TEST_CASE("a value is the only line of its file") {
  const testing::TempDir dir;
  const auto read = [&](const std::string& text) {
    dir.Write("value", text);
    return ReadOneLine((dir.path() / "value").string(), Reading::kAgain);
  };
  CHECK(read("word").value() == "word");
  CHECK(read("two words\n").value() == "two words");
  CHECK(read("word\r\n\r\n").value() == "word");
  CHECK(read("\n").value().empty());
  CHECK(read("word\nother").error().message.find("more than one line") != std::string::npos);
  CHECK(read("word\rother\n").error().message.find("more than one line") != std::string::npos);
  CHECK(read(std::string("wo\0rd\n", 6)).error().message == "there is a NUL byte in it");
  CHECK(ReadOneLine(dir.path().string(), Reading::kAgain).error().error_number == EISDIR);
}

TEST_CASE("an empty file holds no password") {
  const testing::TempDir dir;
  const std::string path = (dir.path() / "secret").string();
  const auto failure = [&] {
    return ReadPassword("x.password_file", path, Reading::kAgain).error();
  };
  CHECK(failure().message ==
        "x.password_file " + path + " cannot be read: No such file or directory");
  dir.Write("secret", "\n");
  CHECK(failure().message == "x.password_file " + path + " is empty");
  CHECK(failure().code == ErrorCode::kConfig);
  dir.Write("secret", "word\n");
  CHECK(ReadPassword("x.password_file", path, Reading::kAgain).value() == "word");
}

}  // namespace
}  // namespace sampleproc::base
