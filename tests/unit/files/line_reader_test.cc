#include "files/line_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace sampleproc::files {
namespace {

// Each line as "number:text", one that is too long as "number!".
std::vector<std::string> Lines(const std::string& content, std::size_t longest,
                               char delimiter = '\n') {
  const testing::TempDir dir;
  auto file = InputFile::Open(dir.Write("f", content));
  REQUIRE(file);
  LineReader reader(std::move(*file), delimiter, longest);
  std::vector<std::string> lines;
  for (;;) {
    const auto line = reader.Next();
    REQUIRE(line);
    if (!*line) return lines;
    lines.push_back(std::to_string((*line)->number) +
                    ((*line)->too_long ? "!" : ":" + std::string((*line)->text)));
  }
}

using Texts = std::vector<std::string>;

TEST_CASE("lines end with the delimiter, the last one with the file") {
  CHECK(Lines("", 10).empty());
  CHECK(Lines("a\n\nb", 10) == Texts{"1:a", "2:", "3:b"});
  CHECK(Lines("a\n", 10) == Texts{"1:a"});
  CHECK(Lines(std::string("a\nb\0c", 5), 10, '\0') == Texts{"1:a\nb", "2:c"});
}

TEST_CASE("a line of exactly the limit is read, a longer one is passed over") {
  CHECK(Lines("12345\n123456\n12345", 5) == Texts{"1:12345", "2!", "3:12345"});
  CHECK(Lines("123456", 5) == Texts{"1!"});
}

TEST_CASE("a byte order mark is no part of the first line") {
  CHECK(Lines("\xEF\xBB\xBF{}\n\xEF\xBB\xBF{}\n", 10) == Texts{"1:{}", "2:\xEF\xBB\xBF{}"});
  CHECK(Lines("\xEF\xBB\xBF", 10) == Texts{"1:"});
}

TEST_CASE("what follows lines of many blocks is read as it is") {
  const std::string block(200'000, 'x');
  const std::string endless(1'000'000, 'y');
  const std::string content = "a\n" + block + "\n" + endless + "\nb\n" + block;
  CHECK(Lines(content, 200'000) == Texts{"1:a", "2:" + block, "3!", "4:b", "5:" + block});
  CHECK(Lines(content, 100) == Texts{"1:a", "2!", "3!", "4:b", "5!"});
}

TEST_CASE("a line without an end is given up") {
  auto file = InputFile::OpenAny("/dev/zero");
  REQUIRE(file);
  LineReader reader(std::move(*file), '\n', 4096);
  const auto line = reader.Next();
  REQUIRE(!line);
  CHECK_THAT(line.error().message, Catch::Contains("line 1 is longer than 1114112 bytes"));
  const auto more = reader.Next();
  REQUIRE(more);
  CHECK(!*more);
}

}  // namespace
}  // namespace sampleproc::files
