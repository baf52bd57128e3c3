#include "config/changes.h"

#include <catch2/catch.hpp>

#include "config/loader.h"

namespace sampleproc::config {
namespace {

Loaded With(std::vector<Flag> flags) {
  return Load({.flags = std::move(flags), .files = Files::kNone});
}

TEST_CASE("each key that differs is told once, with what applies it") {
  const auto changes = Changes(With({{"http.port", "1", "--port"}}),
                               With({{"telemetry.log_level", "debug", "--set"}}));
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].key == "http.port");
  CHECK(changes[0].before == "1");
  CHECK(changes[0].after == "8099");
  CHECK_FALSE(changes[0].reloadable);
  CHECK(changes[0].origin.name == "--port");  // who set it before: now nobody does
  CHECK(changes[1].key == "telemetry.log_level");
  CHECK(changes[1].reloadable);
  CHECK(NeedsRestart(changes));
  CHECK(FormatChanges("a", "b", changes) ==
        "a -> b: 2 keys differ, 1 of them needs a restart\n"
        "  restart  http.port: 1 -> 8099 (--port)\n"
        "  reload   telemetry.log_level: \"info\" -> \"debug\" (--set)\n");
}

TEST_CASE("what is the same is no change, however it is written") {
  const auto changes = Changes(With({{"process.deadline", "1m", "--set"}}),
                               With({{"process.deadline", "60", "--set"}}));
  CHECK(changes.empty());
  CHECK_FALSE(NeedsRestart(changes));
  CHECK(FormatChanges("a", "b", changes) == "a -> b: no key differs\n");
}

TEST_CASE("a detector that only one of the two has is compared with its defaults") {
  const Loaded with = With({{"detector.plates.nms", "0.5", "--set"}});
  const Loaded without = With({});
  const auto added = Changes(without, with);
  REQUIRE(added.size() == 1);
  CHECK(added[0].key == "detector.plates.nms");
  CHECK(added[0].after == "0.5");
  CHECK(added[0].origin.name == "--set");
  CHECK_FALSE(added[0].reloadable);
  const auto removed = Changes(with, without);
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].before == "0.5");
  CHECK(removed[0].after == added[0].before);
  CHECK(removed[0].origin.name == "--set");
}

TEST_CASE("a password is never shown, old or new") {
  const auto changes = Changes(With({{"consumer.http.url", "http://me:canary@a:1", "--set"}}),
                               With({{"consumer.http.url", "http://me:canary@b:1", "--set"}}));
  REQUIRE_FALSE(changes.empty());
  CHECK(FormatChanges("a", "b", changes).find("canary") == std::string::npos);
}

}  // namespace
}  // namespace sampleproc::config
