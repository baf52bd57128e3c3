#include "consumer/pixel_hosts.h"

#include <catch2/catch.hpp>

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Begins as many fetches as it may; how many that were.
int Begin(PixelHosts& hosts, const std::string& host, base::MonoTime now) {
  int begun = 0;
  for (; hosts.MayAsk(host, now); ++begun) hosts.Began(host);
  return begun;
}

TEST_CASE("no host has more than half of the fetches, however many hang") {
  PixelHosts hosts(16);
  const base::MonoTime now{};
  CHECK(Begin(hosts, "a", now) == 8);
  CHECK(Begin(hosts, "b", now) == 4);
  CHECK(Begin(hosts, "c", now) == 2);
  PixelHosts one(1);
  CHECK(Begin(one, "a", now) == 1);
  CHECK(Begin(one, "b", now) == 0);
}

TEST_CASE("a host that fails is paused, longer each time, then one fetch asks it") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  REQUIRE(Begin(hosts, "a", now) == 4);
  // Those that were under way are one failure.
  for (int i = 0; i < 4; ++i) CHECK(hosts.Failed("a", 1, now) == PixelHosts::kShortest);
  CHECK(hosts.Paused("a", now));
  CHECK_FALSE(hosts.MayAsk("a", now));
  CHECK(hosts.MayAsk("b", now));
  for (milliseconds pause = PixelHosts::kShortest; pause < PixelHosts::kLongest; pause *= 2) {
    CHECK(hosts.NextTry(now) == now + pause);
    now += pause;
    REQUIRE(Begin(hosts, "a", now) == 1);
    CHECK(hosts.Failed("a", 1, now) == std::min(2 * pause, PixelHosts::kLongest));
  }
  now += PixelHosts::kLongest;
  REQUIRE(Begin(hosts, "a", now) == 1);
  CHECK(hosts.Succeeded("a", now));
  CHECK_FALSE(hosts.Paused("a", now));
  REQUIRE(Begin(hosts, "a", now) == 4);
  CHECK_FALSE(hosts.Succeeded("a", now));
}

TEST_CASE("a host that has just answered is paused after three failures only") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  const auto fail = [&] {
    hosts.Began("a");
    return hosts.Failed("a", 1, now);
  };
  hosts.Began("a");
  hosts.Succeeded("a", now);
  CHECK(fail() == milliseconds(0));
  CHECK(fail() == milliseconds(0));
  CHECK(hosts.MayAsk("a", now));
  CHECK(fail() > milliseconds(0));
  CHECK_FALSE(hosts.MayAsk("a", now));
}

TEST_CASE("a frame that alone fails at its host is known") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  const auto fail = [&](std::uint64_t frame) {
    hosts.Began("a");
    hosts.Failed("a", frame, now);
  };
  CHECK_FALSE(hosts.FailsOnlyFor("a", 7));
  fail(7);
  fail(7);
  CHECK(hosts.FailsOnlyFor("a", 7));
  fail(8);
  fail(7);
  CHECK_FALSE(hosts.FailsOnlyFor("a", 7));
  hosts.Began("a");
  hosts.Succeeded("a", now);
  fail(7);
  CHECK(hosts.FailsOnlyFor("a", 7));
}

TEST_CASE("hosts that fail have half of all fetches between them") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  for (const char* host : {"a", "b", "c"}) {
    hosts.Began(host);
    hosts.Failed(host, 1, now);
  }
  now += PixelHosts::kShortest;
  CHECK(Begin(hosts, "a", now) == 1);
  CHECK(Begin(hosts, "b", now) == 1);
  CHECK(Begin(hosts, "c", now) == 0);
  CHECK(Begin(hosts, "well", now) == 1);
  hosts.GaveUp("a");
  CHECK(Begin(hosts, "c", now) == 1);
}

TEST_CASE("a host that failed and that nobody asks any more is forgotten") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  hosts.Began("a");
  hosts.Failed("a", 1, now);
  now += PixelHosts::kShortest;
  CHECK(hosts.ForgetUnwanted(now) == std::nullopt);
  REQUIRE(hosts.NextTry(now));
  now = *hosts.NextTry(now);
  CHECK(hosts.ForgetUnwanted(now) == "a");
  CHECK(hosts.ForgetUnwanted(now) == std::nullopt);
  CHECK_FALSE(hosts.NextTry(now));
}

}  // namespace
}  // namespace sampleproc::consumer
