#include "loadtest/numbers.h"

#include <catch2/catch.hpp>
#include <limits>

namespace sampleproc::loadtest {

TEST_CASE("numbers: a latency that is none is said to be none") {
  CHECK(FormatLatency(12.5, " ms") == "12.5 ms");
  CHECK(FormatLatency(0) == "0");
  CHECK(FormatLatency(std::numeric_limits<double>::infinity(), " ms") == "failed");
  CHECK(FormatLatency(std::numeric_limits<double>::quiet_NaN(), " ms") == "-");
}

TEST_CASE("numbers: text of others moves no terminal") {
  CHECK(Printable("plain \xc3\xa4 \xe2\x82\xac") == "plain \xc3\xa4 \xe2\x82\xac");
  CHECK(Printable("\x1b]0;t\x07\r\n\x7f") == "\\x1b]0;t\\x07\\x0d\\x0a\\x7f");
  CHECK(Printable("\xc2\x9b"
                  "31m") ==
        "\xc2\\x9b"
        "31m");
}

}  // namespace sampleproc::loadtest
