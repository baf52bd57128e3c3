#include "config/units.h"

#include <catch2/catch.hpp>

#include "base/suggest.h"

namespace sampleproc::config {
namespace {

using std::chrono::milliseconds;

TEST_CASE("durations are read in all their forms") {
  const milliseconds second{1000};
  CHECK(ParseDuration("30s", second) == milliseconds(30'000));
  CHECK(ParseDuration("100ms", second) == milliseconds(100));
  CHECK(ParseDuration("2m", second) == milliseconds(120'000));
  CHECK(ParseDuration("1h", second) == milliseconds(3'600'000));
  CHECK(ParseDuration("1m30s", second) == milliseconds(90'000));
  CHECK(ParseDuration("1.5h", second) == milliseconds(5'400'000));
  CHECK(ParseDuration("0.29s", second) == milliseconds(290));
  CHECK(ParseDuration("7", second) == milliseconds(7000));
  CHECK(ParseDuration("7", milliseconds(1)) == milliseconds(7));
  CHECK(ParseDuration("-1s", second) == milliseconds(-1000));
  CHECK(ParseDuration("1e30", second) == std::nullopt);
  CHECK(ParseDuration("99999999999999999999h", second)->count() == 1'000'000'000'000'000);
  for (const std::string bad :
       {"", "s", "1x", "1 s", "1s-1s", "0.5ms", "1s1", "nan", "inf", "1S"}) {
    INFO(bad);
    CHECK(ParseDuration(bad, second) == std::nullopt);
  }
}

TEST_CASE("sizes are read with decimal and binary units") {
  CHECK(ParseSize("10MiB", 1) == 10'485'760);
  CHECK(ParseSize("10 MiB", 1) == 10'485'760);
  CHECK(ParseSize("1GB", 1) == 1'000'000'000);
  CHECK(ParseSize("64KiB", 1) == 65'536);
  CHECK(ParseSize("1.5KiB", 1) == 1'536);
  CHECK(ParseSize("100", 1) == 100);
  CHECK(ParseSize("512", 1 << 20) == 536'870'912);
  for (const std::string bad : {"", "MiB", "10M", "10K", "1G", "0.5B", "1 0", "nan", "1mib"}) {
    INFO(bad);
    CHECK(ParseSize(bad, 1) == std::nullopt);
  }
}

TEST_CASE("durations and sizes are written so that they read back") {
  for (const std::int64_t ms : {0, 1, 999, 1000, 1500, 60'000, 90'000, 3'600'000}) {
    CHECK(ParseDuration(FormatDuration(milliseconds(ms)), milliseconds(1000)) == milliseconds(ms));
  }
  for (const std::int64_t bytes : {0ll, 1ll, 1000ll, 1024ll, 100'000ll, 10'485'760ll, 1ll << 40}) {
    CHECK(ParseSize(FormatSize(bytes), 1) == bytes);
  }
  CHECK(FormatDuration(milliseconds(90'000)) == "90s");
  CHECK(FormatSize(104'857'600) == "100MiB");
}

TEST_CASE("distance counts a swap of neighbours as one") {
  CHECK(base::EditDistance("", "abc") == 3);
  CHECK(base::EditDistance("prot", "port") == 1);
  CHECK(base::EditDistance("kitten", "sitting") == 3);
  CHECK(base::EditDistance("Port", "pORT") == 0);
  CHECK(base::EditDistance("ca", "abc") == 3);
}

TEST_CASE("only near words are suggested") {
  const std::string_view words[] = {"serve", "process-file", "health"};
  CHECK(base::Suggest("sevre", words) == "serve");
  CHECK(base::Suggest("proces-file", words) == "process-file");
  CHECK(base::Suggest("xyz", words) == "");
  CHECK(base::Suggest(std::string(100'000, 'a'), words) == "");
}

}  // namespace
}  // namespace sampleproc::config
