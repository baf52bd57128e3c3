#include "files/progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/fake_clock.h"

namespace sampleproc::files {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a Progress writes while `use` has it.
template <typename Use>
std::string Written(bool shown, Use use) {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  testing::FakeClock clock;
  {
    Progress progress(ends[1], shown, 100, clock);
    use(progress, clock);
  }
  close(ends[1]);
  std::string text(65536, '\0');
  text.resize(static_cast<std::size_t>(read(ends[0], text.data(), text.size())));
  close(ends[0]);
  return text;
}

TEST_CASE("progress says what is done, failed, how fast and how long still") {
  CHECK(FormatProgress({120, 3, 100, 500, seconds(5)}) ==
        "120 done, 3 failed, 24.0/s, 100/500 inputs, 0:20 left");
  CHECK(FormatProgress({1, 0, 1, 8'000, seconds(1)}) ==
        "1 done, 1.0/s, 1/8000 inputs, 2:13:19 left");
  CHECK(FormatProgress({7, 0, 3, std::nullopt, milliseconds(500)}) == "7 done, 14.0/s");
  CHECK(FormatProgress({40, 0, 0, 1, seconds(2)}) == "40 done, 20.0/s, 0/1 inputs");
  CHECK(FormatProgress({0, 0, 0, 10, seconds(1)}) == "0 done");
  CHECK(FormatProgress({40, 0, 0, 1, seconds(2), 0.25}) ==
        "40 done, 20.0/s, 0/1 inputs, 25%, 0:06 left");
  CHECK(FormatProgress({1, 1, 0, 10, seconds(0)}) == "1 done, 1 failed");
}

TEST_CASE("the line is rewritten at most ten times a second and wiped at the end") {
  const std::string text = Written(true, [](Progress& progress, testing::FakeClock& clock) {
    for (int i = 0; i < 100; ++i) {
      clock.Advance(milliseconds(10));
      progress.Add(i % 2 == 0, static_cast<std::size_t>(i));
    }
  });
  CHECK(std::ranges::count(text, '\r') == 11);
  CHECK(text.starts_with("\r\x1b[K1 done"));
  CHECK(text.ends_with("left\r\x1b[K"));
  CHECK(text.find('\n') == std::string::npos);
}

TEST_CASE("nothing is written when it is not shown") {
  CHECK(Written(false, [](Progress& progress, testing::FakeClock&) {
          progress.Add(true, 0);
        }).empty());
}

TEST_CASE("nothing is wiped that was never written") {
  CHECK(Written(true, [](Progress&, testing::FakeClock&) {}).empty());
}

TEST_CASE("a line is wanted on a terminal alone") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  CHECK_FALSE(Progress::IsWanted(ends[1], ends[1]));
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal >= 0) {
    CHECK(Progress::IsWanted(terminal, ends[1]));
    CHECK_FALSE(Progress::IsWanted(terminal, terminal));
    close(terminal);
  }
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace sampleproc::files
