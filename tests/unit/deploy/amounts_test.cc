#include "deploy/amounts.h"

#include <catch2/catch.hpp>

namespace sampleproc::deploy {
namespace {

using std::chrono::milliseconds;

TEST_CASE("times as compose and Kubernetes write them") {
  CHECK(ReadDuration("40") == milliseconds(40'000));
  CHECK(ReadDuration("40s") == milliseconds(40'000));
  CHECK(ReadDuration("1m30s") == milliseconds(90'000));
  CHECK(ReadDuration("500ms") == milliseconds(500));
  for (const char* none : {"infinity", "", "soon"}) CHECK_FALSE(ReadDuration(none));
}

TEST_CASE("time spans as systemd writes them") {
  CHECK(ReadTimeSpan("40") == milliseconds(40'000));
  CHECK(ReadTimeSpan("20seconds") == milliseconds(20'000));
  CHECK(ReadTimeSpan("1min 30s") == milliseconds(90'000));
  CHECK(ReadTimeSpan("1min30") == milliseconds(90'000));
  CHECK(ReadTimeSpan("2 minutes 500 msec") == milliseconds(120'500));
  CHECK(ReadTimeSpan("1.5h") == milliseconds(5'400'000));
  CHECK(ReadTimeSpan("1500us") == milliseconds(1));
  CHECK(ReadTimeSpan("0") == milliseconds(0));
  CHECK(ReadTimeSpan("1d") == milliseconds(86'400'000));
  CHECK(ReadTimeSpan("infinity") == kForever);
  CHECK(ReadTimeSpan("99999999y") == kForever);
  for (const char* none : {"", " ", "abc", "20 secs", "s", "1..2s", "-5", "5 s x", "infinity 1s"}) {
    CHECK_FALSE(ReadTimeSpan(none));
  }
}

TEST_CASE("a G is 2^30 to systemd and compose, and 10^9 to Kubernetes") {
  CHECK(ReadSize("1Gi", false) == 1'073'741'824);
  CHECK(ReadSize("1G", false) == 1'000'000'000);
  CHECK(ReadSize("1G", true) == 1'073'741'824);
  CHECK(ReadSize("512m", true) == 536'870'912);
  CHECK(ReadSize("512mb", true) == 536'870'912);
  CHECK(ReadSize("1.5Gi", false) == 1'610'612'736);
  CHECK(ReadSize("1024", false) == 1024);
  for (const char* none : {"infinity", "80%", "", "1Q", "512m", "99999999999T"}) {
    CHECK_FALSE(ReadSize(none, false));
  }
}

TEST_CASE("the sleep of a hook is found in a shell's line") {
  CHECK(SleepIn("sleep 15") == milliseconds(15'000));
  CHECK(SleepIn("/bin/sh -c sleep 15") == milliseconds(15'000));
  CHECK(SleepIn("touch x && /bin/sleep 2; true") == milliseconds(2'000));
  CHECK(SleepIn("nginx -s quit") == milliseconds(0));
  CHECK(SleepIn("sleep") == milliseconds(0));
}

TEST_CASE("quotes hold words together") {
  CHECK(SplitWords(R"( a "b c"  d='e f' "" )") ==
        std::vector<std::string>{"a", "b c", "d=e f", ""});
}

}  // namespace
}  // namespace sampleproc::deploy
