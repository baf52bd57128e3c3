#include "files/record_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

Record Good(std::string source) {
  frame::FrameResult result;
  result.frame_id = source + "#0";
  result.width = 640;
  result.height = 480;
  result.format = "jpeg";
  result.detections = {{"person", 0.9, {0, 0, 1, 1}, "d"},
                       {"face", 0.9, {0, 0, 1, 1}, "d"},
                       {"person", 0.8, {0, 0, 1, 1}, "d"}};
  return {{source, 0}, result.frame_id, result};
}

Record Bad(std::string source) {
  return {{source, 0}, source + "#0", base::Fail(base::ErrorCode::kIo, "cannot\nread")};
}

// A file of its own, open for writing.
class OutputFile {
 public:
  OutputFile()
      : descriptor_(open((dir_.path() / "out").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {}
  ~OutputFile() { close(descriptor_); }
  int descriptor() const { return descriptor_; }
  std::string Content() const {
    std::ifstream file(dir_.path() / "out", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  testing::TempDir dir_;
  int descriptor_;
};

TEST_CASE("NDJSON has one line a record, and a file gets them in large pieces") {
  const OutputFile file;
  const frame::ResultJsonOptions options{.clock_fields = false};
  const auto writer = MakeNdjsonWriter(file.descriptor(), "a file", options);
  REQUIRE(writer->Write(Good("a\n.jpg")));
  REQUIRE(writer->Write(Bad("b.jpg")));
  CHECK(file.Content().empty());
  REQUIRE(writer->Flush());
  std::string expected;
  const Record good = Good("a\n.jpg");
  frame::AppendRecordJson(good.source, *good.result, options, expected);
  expected += "\n";
  frame::AppendErrorRecordJson({"b.jpg", 0}, "b.jpg#0", Bad("").result.error(), expected);
  CHECK(file.Content() == expected + "\n");
}

TEST_CASE("a pipe gets each line at once") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const auto writer = MakeNdjsonWriter(ends[1], "a pipe", {});
  REQUIRE(writer->Write(Bad("b.jpg")));
  char text[500];
  CHECK(read(ends[0], text, sizeof text) > 50);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("the table has aligned columns and no control characters") {
  const OutputFile file;
  const auto writer = MakeTableWriter(file.descriptor(), "a file");
  REQUIRE(writer->Write(Good("a.jpg")));
  REQUIRE(writer->Write(Bad("\xC3\xA9\x1b\xFF.jpg")));
  REQUIRE(writer->Write(Good(std::string(50, 'x') + "/last.jpg")));
  REQUIRE(writer->Flush());
  CHECK(file.Content() ==
        "SOURCE                                    SIZE         FORMAT  FOUND  WHAT\n"
        "a.jpg                                     640x480      jpeg        3  face 1, person 2\n"
        "\xC3\xA9??.jpg                                   -            -           -  "
        "error: cannot?read\n"
        "...xxxxxxxxxxxxxxxxxxxxxxxxxxxx/last.jpg  640x480      jpeg        3  face 1, person 2\n");
}

TEST_CASE("a full disk is an error that says so") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const auto written = MakeNdjsonWriter(full, "standard output", {})->Write(Bad("b.jpg"));
  close(full);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == base::ErrorCode::kIo);
  CHECK(written.error().message == "cannot write to standard output: No space left on device");
}

TEST_CASE("a reader that is gone is an error that says so") {
  const auto previous = signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  close(ends[0]);
  const auto written = MakeTableWriter(ends[1], "standard output")->Write(Bad("b.jpg"));
  close(ends[1]);
  signal(SIGPIPE, previous);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == base::ErrorCode::kCancelled);
}

}  // namespace
}  // namespace sampleproc::files
