#include "consumer/pixels/pixel_hosts.h"

#include <catch2/catch.hpp>

namespace sampleproc::consumer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Begins as many fetches as it may; how many that were.
int Begin(PixelHosts& hosts, const std::string& host, base::MonoTime now) {
  int begun = 0;
  for (; hosts.MayAsk(host, now); ++begun) hosts.Began(host, now);
  return begun;
}

TEST_CASE("no host has more than its share, however many hang") {
  const base::MonoTime now{};
  PixelHosts hosts(16);
  for (const char* known : {"a", "b", "c"}) {
    hosts.Began(known, now);
    hosts.Succeeded(known, now, milliseconds(50));
  }
  CHECK(Begin(hosts, "a", now) == 8);
  CHECK(Begin(hosts, "b", now) == 4);
  CHECK(Begin(hosts, "c", now) == 2);
  PixelHosts one(1);
  CHECK(Begin(one, "a", now) == 1);
  CHECK(Begin(one, "b", now) == 0);
}

TEST_CASE("hosts that have not answered yet leave half to those that have") {
  const base::MonoTime now{};
  PixelHosts hosts(16);
  hosts.Began("good", now);
  hosts.Succeeded("good", now, milliseconds(50));
  int hanging = 0;
  for (int i = 0; i < 100; ++i) hanging += Begin(hosts, "new" + std::to_string(i), now);
  CHECK(hanging == 8);
  CHECK(Begin(hosts, "good", now) == 4);
}

TEST_CASE("a host that fails is paused, longer each time, then one fetch asks it") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  REQUIRE(Begin(hosts, "a", now) == 2);
  // Those that were under way are one failure.
  for (int i = 0; i < 2; ++i) CHECK(hosts.Failed("a", now) == PixelHosts::kShortest);
  CHECK(hosts.Paused("a", now));
  CHECK_FALSE(hosts.MayAsk("a", now));
  CHECK(hosts.MayAsk("b", now));
  for (milliseconds pause = PixelHosts::kShortest; pause < PixelHosts::kLongest; pause *= 2) {
    CHECK(hosts.NextTry(now) == now + pause);
    now += pause;
    REQUIRE(Begin(hosts, "a", now) == 1);
    CHECK(hosts.Failed("a", now) == std::min(2 * pause, PixelHosts::kLongest));
  }
  now += PixelHosts::kLongest;
  REQUIRE(Begin(hosts, "a", now) == 1);
  CHECK(hosts.Succeeded("a", now, milliseconds(50)));
  CHECK_FALSE(hosts.Paused("a", now));
  REQUIRE(Begin(hosts, "a", now) == 4);
  CHECK_FALSE(hosts.Succeeded("a", now, milliseconds(50)));
}

TEST_CASE("a host that says when it is to be asked again is asked then") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  for (int i = 0; i < 20; ++i) {
    REQUIRE(hosts.MayAsk("a", now));
    hosts.Began("a", now);
    CHECK(hosts.Failed("a", now, {}, seconds(2)) == seconds(2));
    now += seconds(2);
  }
  hosts.Began("a", now);
  CHECK(hosts.Failed("a", now, {}, seconds(3600)) == PixelHosts::kLongestWished);
  now += PixelHosts::kLongestWished;
  hosts.Began("a", now);
  CHECK(hosts.Failed("a", now, {}, seconds(0)) == PixelHosts::kShortest);
  // Also of one that has just answered.
  hosts.Began("b", now);
  hosts.Succeeded("b", now, milliseconds(50));
  hosts.Began("b", now);
  CHECK(hosts.Failed("b", now, {}, seconds(2)) == seconds(2));
}

TEST_CASE("a host that has just answered is paused after three failures only") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  const auto fail = [&] {
    hosts.Began("a", now);
    return hosts.Failed("a", now);
  };
  hosts.Began("a", now);
  hosts.Succeeded("a", now, milliseconds(50));
  CHECK(fail() == milliseconds(0));
  CHECK(fail() == milliseconds(0));
  CHECK(hosts.MayAsk("a", now));
  CHECK(fail() > milliseconds(0));
  CHECK_FALSE(hosts.MayAsk("a", now));
}

TEST_CASE("a host has its share once, whatever names it goes by") {
  const base::MonoTime now{};
  PixelHosts hosts(8);
  for (const char* name : {"a", "a (camera b)"}) {
    hosts.Began(name, now);
    hosts.Began(name, now);
  }
  CHECK_FALSE(hosts.HasShareLeft("a", " (camera "));
  CHECK(hosts.HasShareLeft("b", " (camera "));
  CHECK(hosts.HasShareLeft("a (camera b)", " (camera "));
  hosts.Succeeded("a (camera b)", now, milliseconds(50));
  CHECK(hosts.HasShareLeft("a", " (camera "));
}

TEST_CASE("a host that takes long for each answer is not silent while it does") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  constexpr milliseconds kAnswer{2'500};
  const auto ask = [&](milliseconds takes) {
    hosts.Began("a", now);
    now += takes;
    const bool silent = hosts.Silent("a", now);
    hosts.Succeeded("a", now, takes);
    return silent;
  };
  CHECK(ask(kAnswer));  // nothing is known of it yet
  for (int i = 0; i < 5; ++i) CHECK_FALSE(ask(kAnswer));
  CHECK(ask(2 * kAnswer));
  for (int i = 0; i < 30; ++i) ask(milliseconds(10));
  CHECK(ask(PixelHosts::kSilent));
}

TEST_CASE("hosts that fail have half of all fetches between them") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  hosts.Began("well", now);
  hosts.Succeeded("well", now, milliseconds(50));
  for (const char* host : {"a", "b", "c"}) {
    hosts.Began(host, now);
    hosts.Failed(host, now);
  }
  now += PixelHosts::kShortest;
  CHECK(Begin(hosts, "a", now) == 1);
  CHECK(Begin(hosts, "b", now) == 1);
  CHECK(Begin(hosts, "c", now) == 0);
  CHECK(Begin(hosts, "well", now) == 1);
  CHECK(hosts.GaveUp("a", now, {}) == milliseconds(0));
  CHECK(Begin(hosts, "c", now) == 1);
}

TEST_CASE("a host that failed and that nobody asks any more is forgotten") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  hosts.Began("a", now);
  hosts.Failed("a", now);
  now += PixelHosts::kShortest;
  CHECK(hosts.ForgetUnwanted(now) == std::nullopt);
  REQUIRE(hosts.NextTry(now));
  now = *hosts.NextTry(now);
  CHECK(hosts.ForgetUnwanted(now) == "a");
  CHECK(hosts.ForgetUnwanted(now) == std::nullopt);
  CHECK_FALSE(hosts.NextTry(now));
}

TEST_CASE("a host whose frames wait for their turn is not forgotten") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  hosts.Began("a", now);
  hosts.Failed("a", now);
  now += 10 * PixelHosts::kForgotten;
  hosts.Wanted("a", now);
  CHECK_FALSE(hosts.ForgetUnwanted(now));
  now += PixelHosts::kForgotten;
  CHECK(hosts.ForgetUnwanted(now) == "a");
}

TEST_CASE("a host that is asked and says nothing is silent before it fails") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  CHECK_FALSE(hosts.Silent("a", now));
  hosts.Began("a", now);
  now += PixelHosts::kSilent - milliseconds(1);
  hosts.Began("a", now);
  CHECK_FALSE(hosts.Silent("a", now));
  now += milliseconds(1);
  CHECK(hosts.Silent("a", now));
  CHECK_FALSE(hosts.Silent("b", now));
  CHECK_FALSE(hosts.AnyFailing());
  // An answer ends it, though another one is still to come; nobody who is not asked is silent.
  hosts.Succeeded("a", now, milliseconds(50));
  CHECK_FALSE(hosts.Silent("a", now));
  hosts.Succeeded("a", now, milliseconds(50));
  now += PixelHosts::kSilent;
  CHECK_FALSE(hosts.Silent("a", now));
  hosts.Began("a", now);
  CHECK_FALSE(hosts.Silent("a", now));
  // One failure of a trusted host is none, nor an answer.
  now += PixelHosts::kSilent;
  CHECK(hosts.Failed("a", now) == milliseconds(0));
  hosts.Began("a", now);
  CHECK(hosts.Silent("a", now));
}

TEST_CASE("a host that is silent until its fetches are given up has failed") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  const auto ask = [&](milliseconds gives_up_after) {
    hosts.Began("a", now);
    now += gives_up_after;
    return hosts.GaveUp("a", now, gives_up_after);
  };
  // Three fetches of 0.7 s, and between them nobody waits for the host.
  CHECK(ask(milliseconds(700)) == milliseconds(0));
  now += seconds(60);
  CHECK(ask(milliseconds(700)) == milliseconds(0));
  CHECK_FALSE(hosts.IsFailing("a"));
  now += seconds(60);
  hosts.Began("a", now);
  now += milliseconds(600);
  CHECK(hosts.Silent("a", now));
  now += milliseconds(100);
  CHECK(hosts.GaveUp("a", now, milliseconds(700)) == PixelHosts::kShortest);
  CHECK(hosts.IsFailing("a"));
  // Asked again it has as much time, in one fetch or several.
  now += PixelHosts::kShortest;
  CHECK(ask(milliseconds(1'900)) == milliseconds(0));
  CHECK(hosts.MayAsk("a", now));
  CHECK(ask(milliseconds(100)) == 2 * PixelHosts::kShortest);
  CHECK_FALSE(hosts.MayAsk("a", now));
  now += 2 * PixelHosts::kShortest;
  hosts.Began("a", now);
  CHECK(hosts.Succeeded("a", now, milliseconds(50)));
}

TEST_CASE("fetches that are given up are no failure of a host that answers others") {
  PixelHosts hosts(8);
  base::MonoTime now{};
  for (int i = 0; i < 100; ++i) {
    hosts.Began("a", now);
    hosts.Began("a", now);
    now += milliseconds(500);
    CHECK_FALSE(hosts.Succeeded("a", now, milliseconds(500)));
    CHECK(hosts.GaveUp("a", now, {}) == milliseconds(0));
    // Nor of one that there was no memory for the answer of.
    hosts.Began("b", now);
    now += milliseconds(500);
    hosts.Answered("b", now);
  }
  // Nor of one that takes longer than others for each answer.
  for (int i = 0; i < 50; ++i) {
    hosts.Began("slow", now);
    now += seconds(4);
    hosts.Succeeded("slow", now, seconds(4));
  }
  hosts.Began("slow", now);
  now += seconds(4);
  CHECK(hosts.GaveUp("slow", now, seconds(4)) == milliseconds(0));
}

TEST_CASE("a host that hangs has a higher level the longer it is asked, and comes last") {
  PixelHosts hosts(4);
  base::MonoTime now{};
  CHECK(hosts.Level("new") == 1);
  hosts.Began("hangs", now);
  hosts.Began("hangs too", now);
  CHECK(hosts.Barred("new", now));
  CHECK(hosts.TakesFrom("new", "hangs"));
  CHECK(hosts.Level("hangs", PixelHosts::kSlice - milliseconds(1)) == 1);
  CHECK(hosts.Level("hangs", PixelHosts::kSlice) == 2);
  CHECK(hosts.Level("hangs", 4 * PixelHosts::kSlice) == 4);
  now += 4 * PixelHosts::kSlice;
  CHECK(hosts.GaveUp("hangs", now, 4 * PixelHosts::kSlice) == milliseconds(0));
  CHECK(hosts.Level("hangs") == 4);
  CHECK_FALSE(hosts.Barred("new", now));
  hosts.Began("new", now);
  hosts.Succeeded("new", now, milliseconds(300));
  // What is usual for a host does not raise its level, and an answer ends it.
  CHECK(hosts.Level("new", PixelHosts::kSilent - milliseconds(1)) == 0);
  CHECK(hosts.Level("new", PixelHosts::kSilent) == 1);
  hosts.Began("hangs", now);
  hosts.Succeeded("hangs", now, milliseconds(300));
  CHECK(hosts.Level("hangs") == 0);
  // Those that have answered have fetches of their own.
  hosts.Began("one more", now);
  CHECK(hosts.Barred("another", now));
  CHECK_FALSE(hosts.Barred("new", now));
  hosts.Began("new", now);
  CHECK_FALSE(hosts.TakesFrom("another", "new"));
  CHECK(hosts.TakesFrom("another", "one more"));
}

}  // namespace
}  // namespace sampleproc::consumer
